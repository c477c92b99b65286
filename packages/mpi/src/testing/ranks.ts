import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLoss, type HeadInput, type HeadOutput, keyedNormal, referenceBackend } from '@cf/core';
import koffi from 'koffi';
import type { ForeignFunction, ForeignFunctions } from '../foreign-functions.ts';
import { openMpi } from '../open-mpi.ts';

/** What a rank of a test writes, as JSON: what ranks print is mixed. */
export interface RankResult {
  readonly rank: number;
  readonly size: number;
  readonly library: string;
  readonly hosts: readonly string[];
  readonly sum: readonly number[];
  readonly max: readonly number[];
  readonly gathered: readonly (readonly number[])[];
  readonly sent: readonly number[];
  readonly steps: readonly Pick<HeadOutput, 'loss' | 'state'>[];
  /** The class centers of this rank after its steps. */
  readonly centers: readonly number[];
}

export const CLASSES = 11;
const [BATCH, DIM, STEPS] = [6, 4, 50];

/** A number for each place, the same on all ranks. */
const drawn = (length: number, seed: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => keyedNormal(seed, 0, i));

/** Steps of a head over some of the classes, whose centers move. */
export async function trainedCenters(
  [from, to]: readonly [number, number],
  communicator?: Parameters<ReturnType<typeof referenceBackend>['createHead']>[1],
): Promise<Pick<RankResult, 'steps' | 'centers'>> {
  const loss = createLoss('curricularface', { scale: 8, alpha: 0.1 });
  const head = await referenceBackend().createHead(loss, communicator);
  const centers = drawn(CLASSES * DIM, 2).slice(from * DIM, to * DIM);
  const labels = Array.from({ length: BATCH }, (_, i) => (7 * i) % CLASSES);
  const steps: Pick<HeadOutput, 'loss' | 'state'>[] = [];
  for (let step = 0; step < STEPS; step++) {
    const input: HeadInput = {
      embeddings: drawn(BATCH * DIM, 10 + step),
      weights: centers,
      labels: labels.map((label) => (label >= from && label < to ? label - from : communicator ? -1 : label)),
      dim: DIM,
      state: steps.at(-1)?.state,
    };
    const { loss: value, state, gradWeights } = await head.step(input);
    for (let k = 0; k < centers.length; k++) centers[k]! -= 0.1 * gradWeights[k]!;
    steps.push({ loss: value, state });
  }
  return { steps, centers: Array.from(centers) };
}

/** What becomes of a job; its second rank, if one, is the one that does otherwise. */
export type Ending =
  /** It is killed. */
  | 'die'
  /** It is stopped, as a machine that sleeps. */
  | 'stop'
  /** It computes without end. */
  | 'busy'
  /** It is stopped after it has waited long for another, and has told so. */
  | 'stop later'
  /** It is at another call. */
  | 'elsewhere'
  /** It does not take leave. */
  | 'stay'
  /** All meet again and again, and the first says so by a file `going`. */
  | 'go on'
  /** It is stopped, and MPI allows one thread at a time. */
  | 'stop, serialized';

/** Of the jobs that end so. */
export const TIMEOUT_SECONDS = 5;

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** An MPI that allows less than is asked for. */
const serialized: ForeignFunctions = {
  config: koffi.config,
  load(path) {
    const library = koffi.load(path);
    return {
      symbol: (name, type) => library.symbol(name, type),
      func: (declaration) => {
        const found = library.func(declaration) as ForeignFunction;
        if (!declaration.includes('MPI_Init_thread')) return found;
        const init = (...[count, values, , provided]: readonly unknown[]): unknown =>
          found(count, values, 2, provided);
        return Object.assign(init, { async: found.async });
      },
    };
  },
};

/** What one rank does. */
async function main(folder: string, ending: Ending | undefined, path: string | undefined): Promise<void> {
  const ranks = openMpi({
    koffi: ending === 'stop, serialized' ? serialized : koffi,
    path,
    timeoutSeconds: ending === undefined ? 60 : TIMEOUT_SECONDS,
  });
  const { rank, size, library, hosts } = ranks;
  if (ending === 'stop later') {
    if (rank === 0) await sleep(600 * TIMEOUT_SECONDS);
    await ranks.barrier();
  }
  while (ending === 'go on') {
    await ranks.barrier();
    if (rank === 0) writeFileSync(join(folder, 'going'), '');
    await sleep(50);
  }
  if (rank === 1) {
    if (ending === 'die') process.kill(process.pid, 'SIGKILL');
    if (ending?.startsWith('stop')) process.kill(process.pid, 'SIGSTOP');
    while (ending === 'busy');
    if (ending === 'elsewhere') await ranks.barrier();
    if (ending === 'stay') await sleep(600_000);
  }
  if (ending === 'stay') await ranks.close();
  const sum = Float64Array.of(rank + 1, 0.1 * rank);
  await ranks.allReduce(sum, 'sum');
  const max = Float32Array.of(-rank, rank);
  await ranks.allReduce(max, 'max');
  const gathered = await ranks.allGather(new Uint8Array(rank + 1).fill(rank));
  const sent = Float64Array.of(rank, rank);
  await ranks.broadcast(sent, size - 1);
  const cut = (k: number): number => Math.floor((k * CLASSES) / size);
  const firstClass = cut(rank);
  const trained = await trainedCenters([firstClass, cut(rank + 1)], { communicator: ranks, firstClass });
  await ranks.barrier();
  const result: RankResult = {
    rank,
    size,
    library,
    hosts,
    sum: [...sum],
    max: [...max],
    gathered: gathered.map((part) => [...part]),
    sent: [...sent],
    ...trained,
  };
  writeFileSync(join(folder, `${rank}.json`), JSON.stringify(result));
  await ranks.close();
}

if (process.argv[1] === import.meta.filename) {
  const [folder, ending, path] = process.argv.slice(2);
  await main(folder!, (ending || undefined) as Ending | undefined, path);
}
