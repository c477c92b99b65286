import { availableParallelism, freemem, totalmem } from 'node:os';
import { type MachineFacts, machineFacts } from '../run/environment.ts';

/** What a machine is. */
export interface Machine extends MachineFacts {
  readonly threads: number;
  /** Bytes: of the machine or, where less, of what the process may take. */
  readonly memory: number;
  readonly freeMemory: number;
}

/** This one. */
export async function machine(): Promise<Machine> {
  // 0 or more than there is where nothing limits it.
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const facts = await machineFacts();
  return {
    ...facts,
    processor: facts.processor.trim(),
    threads: availableParallelism(),
    memory,
    freeMemory: Math.min(process.availableMemory?.() ?? freemem(), memory),
  };
}
