import type { Communicator } from '@cf/core';

export interface WorkersTask {
  readonly kind: 'workers';
}

export async function measureWorkers(_task: WorkersTask, _ranks: Communicator | undefined): Promise<unknown> {
  return undefined;
}
