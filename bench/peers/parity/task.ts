import { keyedNormal, shuffledBatches } from '../../../packages/core/src/index.ts';
import { learningRateAt, type TrainingOptions } from '../../../packages/training/src/index.ts';

/** A training that two implementations repeat: the head's and the optimiser's settings, and the size. */
export interface ParityTask {
  /** B. */
  readonly batch: number;
  /** C. */
  readonly classes: number;
  /** d. */
  readonly dim: number;
  readonly steps: number;
  /** s. */
  readonly scale: number;
  /** m, in radians. */
  readonly margin: number;
  /** Weight of a batch in the moving average t. */
  readonly alpha: number;
  readonly learningRate: number;
  /** The learning rate rises linearly over these first steps. */
  readonly warmupSteps: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly threads: number;
  /** Of images, class centers and network. */
  readonly seed: number;
}

/** CurricularFace and SGD as they were published, on a size that takes a few seconds a run. */
export const DEFAULT_TASK: ParityTask = {
  batch: 16,
  classes: 20,
  dim: 256,
  steps: 50,
  scale: 32,
  margin: 0.5,
  alpha: 0.01,
  learningRate: 0.1,
  warmupSteps: 0,
  momentum: 0.9,
  weightDecay: 5e-4,
  threads: 2,
  seed: 1,
};

/** What a task trains on. */
export interface ParityData {
  /** [N, 3, 56, 56], whole numbers from 0 to 255. */
  readonly images: Float32Array;
  /** [N]. */
  readonly labels: readonly number[];
  /** Positions of the images of each step: [steps][B]. */
  readonly order: readonly (readonly number[])[];
  /** Learning rate of each step. */
  readonly rates: readonly number[];
  /** First class centers, N(0, 0.01²): [C, d]. */
  readonly centers: Float32Array;
}

export const IMAGE_SHAPE: readonly [number, number, number] = [3, 56, 56];
const IMAGE_SIZE = 3 * 56 * 56;
/** A pattern is a grid of 7×7 squares of 8×8 pixels in each colour. */
const GRID = 7;
const SQUARE = 8;
/**
 * Standard deviations of a class's pattern, of the pattern that each image adds, and of the noise of its pixels. The
 * image's own pattern keeps the classes from being told apart within fifty steps: of a loss near zero nothing is to be
 * seen.
 */
const CONTRAST = 20;
const OWN = 40;
const NOISE = 10;

/** Draws a pattern a class and images of it, which come once each. A function of the task alone. */
export function drawData(task: ParityTask): ParityData {
  const { batch, classes, dim, steps, seed } = task;
  const count = steps * batch;
  const images = new Float32Array(count * IMAGE_SIZE);
  const labels = shuffled(count, seed).map((position) => position % classes);
  labels.forEach((label, i) => {
    drawImage(images.subarray(i * IMAGE_SIZE, (i + 1) * IMAGE_SIZE), label, i, seed);
  });
  return {
    images,
    labels,
    order: shuffledBatches(count, batch, seed, 0).map((samples) => [...samples]),
    rates: Array.from({ length: steps }, (_, step) =>
      learningRateAt(step, { ...loopOptions(task).schedule, totalSteps: steps }),
    ),
    centers: new Float32Array(classes * dim).map((_, i) => 0.01 * keyedNormal(seed, -1, i)),
  };
}

/** How the product's loop goes through the task: one epoch, each image once. */
export function loopOptions({
  batch,
  learningRate: base,
  warmupSteps,
  weightDecay,
  seed,
}: ParityTask): Omit<TrainingOptions, 'rule'> {
  return { epochs: 1, batch, weightDecay, schedule: { name: 'constant', base, warmupSteps }, seed };
}

function drawImage(out: Float32Array, label: number, position: number, seed: number): void {
  const [, height, width] = IMAGE_SHAPE;
  for (let i = 0; i < out.length; i++) {
    const x = i % width;
    const y = Math.floor(i / width) % height;
    const colour = Math.floor(i / (width * height));
    const square = (colour * GRID + Math.floor(y / SQUARE)) * GRID + Math.floor(x / SQUARE);
    const value =
      127.5 +
      CONTRAST * keyedNormal(seed, label, square) +
      OWN * keyedNormal(seed + 1, position, square) +
      NOISE * keyedNormal(seed + 2, position, i);
    out[i] = Math.min(255, Math.max(0, Math.round(value)));
  }
}

function shuffled(count: number, seed: number): number[] {
  const keys = Array.from({ length: count }, (_, i) => keyedNormal(seed, -2, i));
  return keys.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]!);
}
