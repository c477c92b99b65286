import { loadKoffi } from '../engines/load-koffi.ts';
import { duration } from '../settings/duration.ts';
import type { RankEngine } from './training-ranks.ts';

const TIMEOUT = '5min';

/**
 * The ranks that `mpirun` has started; one where nobody did.
 *
 * @param timeout how long one waits for the others
 * @throws BackendError where there is no MPI; OptionOutOfRangeError for a time that is none
 */
export async function openRanks(timeout: string = TIMEOUT): Promise<RankEngine> {
  const timeoutSeconds = duration('distributed-timeout', timeout) / 1000;
  const koffi = await loadKoffi();
  const { openMpi } = await import('@cf/mpi');
  return openMpi({ koffi, timeoutSeconds });
}
