import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { env } from 'onnxruntime-node';
import packageJson from '../../package.json' with { type: 'json' };

/** What a machine is. */
export interface Machine {
  readonly cf: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly platform: string;
  readonly processor: string;
  readonly threads: number;
  /** Bytes: of the machine or, where less, of what the process may take. */
  readonly memory: number;
  readonly freeMemory: number;
}

/** This one. */
export function machine(): Machine {
  // 0 or more than there is where nothing limits it.
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return {
    cf: packageJson.version,
    node: process.versions.node,
    onnxruntime: env.versions.node ?? env.versions.common,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    threads: availableParallelism(),
    memory,
    freeMemory: Math.min(process.availableMemory?.() ?? freemem(), memory),
  };
}
