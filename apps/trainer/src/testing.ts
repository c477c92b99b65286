import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createRandom } from '@cf/data';
import { afterAll, afterEach, beforeEach, vi } from 'vitest';
import { resolveConfig, type TrainFlags } from './config/resolve-config.ts';
import type { TrainConfig } from './config/train-config.ts';
import type { TrainingData } from './training/train-embedding.ts';

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

/** The flags of `cf train` with their defaults, small where they can be, and some changed. */
export function flagsWith(changes: Partial<TrainFlags> = {}): TrainFlags {
  return {
    minImages: 2,
    identities: 12,
    imagesPerIdentity: 4,
    difficulty: 1,
    pixels: 8,
    dim: 8,
    loss: 'curricularface',
    head: 'reference',
    epochs: 2,
    batch: 8,
    accumulate: 1,
    lr: 0.1,
    momentum: 0.9,
    weightDecay: 5e-4,
    schedule: 'cosine',
    warmupSteps: 0,
    seed: 0,
    strict: false,
    flip: true,
    control: false,
    ...changes,
  };
}

/** The configuration of {@link flagsWith}. */
export function configWith(changes: Partial<TrainFlags> = {}): TrainConfig {
  return resolveConfig(flagsWith(changes));
}

/** Classes as clouds around random centers: easy to tell apart with a small spread. */
export function cloudData(
  classes: number,
  perClass: number,
  inputDim: number,
  spread: number = 0.3,
): TrainingData {
  const random = createRandom('clouds');
  const centers = Array.from({ length: classes * inputDim }, () => random.normal());
  const count = classes * perClass;
  return {
    features: Float32Array.from(
      { length: count * inputDim },
      (_, i) =>
        centers[(Math.floor(i / inputDim) % classes) * inputDim + (i % inputDim)]! + spread * random.normal(),
    ),
    labels: Int32Array.from({ length: count }, (_, i) => i % classes),
    classes,
  };
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
