import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createRandom } from '@cf/core';
import type { ImageStore } from '@cf/data';
import { type PictureStream, streamOfStore } from '@cf/data/node';
import type { StepMetrics, TrainingState } from '@cf/training';
import { afterAll, afterEach, beforeEach, vi } from 'vitest';
import type { Dataset } from './dataset/dataset.ts';
import type { NetworkInTraining } from './engines/network-in-training.ts';
import type { FeatureTable } from './features/feature-table.ts';
import { linearEmbedding } from './features/linear-embedding.ts';
import { openEmbedding } from './run/embedding-subject.ts';
import { runTraining, type Training } from './run/run-training.ts';
import type { TrainFlags } from './settings/fields.ts';
import { resolveConfig } from './settings/resolve-config.ts';
import type { EmbeddingTraining, NetworkTraining } from './settings/train-config.ts';

/** Folder of research data beside the repository; tests that need it skip where it is absent. */
export const SHARED: string = resolve(import.meta.dirname, '../../../../shared');

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A new folder that is removed after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cf-trainer-'));
  folders.push(folder);
  return folder;
}

/** Keeps progress lines out of the output of each test of the file. */
export function withoutProgress(): void {
  beforeEach(() => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
}

/** Flags of `cf train` for a training that is small where it can be, and some changed; none that has no meaning in it. */
export function flagsWith({ threads, ...changes }: Partial<TrainFlags> = {}): TrainFlags {
  const { data, train = 'embedding', backbone, engine } = changes;
  return {
    ...(data === undefined ? { identities: 12, imagesPerIdentity: 4, difficulty: 1 } : {}),
    ...(train === 'embedding' && backbone === undefined ? { pixels: 8 } : {}),
    ...(threads === undefined || engine === 'tfjs' ? {} : { threads }),
    train: 'embedding',
    dim: 8,
    head: 'reference',
    epochs: 2,
    batch: 8,
    lr: 0.1,
    warmupSteps: 0,
    control: false,
    ...changes,
  };
}

/** The configuration of {@link flagsWith}: an embedding on small grey pixels. */
export function configWith(changes: Partial<TrainFlags> = {}): EmbeddingTraining {
  return resolveConfig(flagsWith(changes)) as EmbeddingTraining;
}

/** The configuration of a network that is trained end to end. */
export function networkConfigWith(changes: Partial<TrainFlags> = {}): NetworkTraining {
  return resolveConfig(flagsWith({ train: 'all', ...changes })) as NetworkTraining;
}

/** What is trained on, and who is in it. */
type Labelled = Pick<Dataset, 'labels' | 'names'>;

const namesOf = (classes: number): string[] => Array.from({ length: classes }, (_, i) => `person ${i}`);

/** Classes as clouds around random centers: easy to tell apart with a small spread. */
export function cloudData(
  classes: number,
  perClass: number,
  inputDim: number,
  spread: number = 0.3,
): FeatureTable & Labelled {
  const random = createRandom('clouds');
  const centers = Array.from({ length: classes * inputDim }, () => random.normal());
  const count = classes * perClass;
  return {
    dim: inputDim,
    indices: Int32Array.from({ length: count }, (_, i) => i),
    rows: Float32Array.from(
      { length: count * inputDim },
      (_, i) =>
        centers[(Math.floor(i / inputDim) % classes) * inputDim + (i % inputDim)]! + spread * random.normal(),
    ),
    mirrored: undefined,
    labels: Int32Array.from({ length: count }, (_, i) => i % classes),
    names: namesOf(classes),
  };
}

/** A linear embedding on features, as `cf train` trains it; to be disposed of. */
export function embeddingOn(
  { dim: inputDim, rows }: FeatureTable,
  config: EmbeddingTraining,
): Promise<NetworkInTraining> {
  const { dim, features, seed } = config;
  return openEmbedding(linearEmbedding({ features, rows, inputDim, dim, seed }), config);
}

/** Trains and keeps what happens. @returns copies of the states of the checkpoints, and the metrics of each step */
export async function trainKeeping(
  training: Omit<Training, 'signal'>,
  { signal = new AbortController().signal, onStep }: TrainKeepingOptions = {},
): Promise<{ readonly states: readonly TrainingState[]; readonly metrics: readonly StepMetrics[] }> {
  const [states, metrics]: [TrainingState[], StepMetrics[]] = [[], []];
  await runTraining(
    { ...training, signal },
    {
      label: 'test',
      onStep: (step) => {
        metrics.push(step);
        onStep?.(step);
      },
      onCheckpoint: async (state) => void states.push(structuredClone(state)),
    },
  );
  return { states, metrics };
}

interface TrainKeepingOptions {
  readonly signal?: AbortSignal;
  readonly onStep?: (metrics: StepMetrics) => unknown;
}

/** Every file of a folder with its content, to compare before and after. */
export async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const texts = await Promise.all(files.map(async (file) => [file, await readFile(file, 'base64')] as const));
  return Object.fromEntries(texts.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The error that `action` throws. */
export async function failureOf(action: () => unknown): Promise<Error & { readonly code?: string }> {
  try {
    await action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** Pictures of classes as clouds: each class has a pattern of its own, and every picture some noise. */
export function patternData(
  classes: number,
  perClass: number,
  side: number = 4,
  channels: 1 | 3 = 1,
): { readonly store: ImageStore; readonly stream: PictureStream } & Labelled {
  const random = createRandom('patterns');
  const size = channels * side * side;
  const patterns = Array.from({ length: classes * size }, () => random.integer(40, 200));
  const count = classes * perClass;
  const pixels = Uint8Array.from(
    { length: count * size },
    (_, i) => patterns[(Math.floor(i / size) % classes) * size + (i % size)]! + random.integer(-30, 30),
  );
  const indices = Int32Array.from({ length: count }, (_, i) => i);
  const store = { count, channels, height: side, width: side, indices, pixels };
  return {
    store,
    stream: streamOfStore(store),
    labels: Int32Array.from({ length: count }, (_, i) => i % classes),
    names: namesOf(classes),
  };
}
