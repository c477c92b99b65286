import { join } from 'node:path';
import { type FloatArray, type HeadInput, handOver, initialState } from '@cf/core';
import { type MappedFloats, mapFloats } from '@cf/onnx/node';
import { arrayOptimiser, type RowClipping, rowUpdate, sgd } from '@cf/training';
import { loadKoffi } from '../../engines/load-koffi.ts';
import { openBackend } from '../../engines/open-backend.ts';
import { ownMiB, peakMiB, resetPeak } from '../memory.ts';
import { openProductRate } from '../product-rate.ts';
import { median, secondsOf } from '../timing.ts';
import { fillUniform, uniform } from '../uniform.ts';
import { benchLoss, checkTask, drawSamples, type HeadTask, startingBias } from './head-task.ts';

/** A step of a head with the update of its class centers: SGD with momentum and decay. */
export interface UpdateTask extends Omit<HeadTask, 'regime'> {
  readonly update: 'plain' | 'fused';
  /** A folder for W and momentum as memory-mapped files; in memory by default. */
  readonly folder?: string | undefined;
  /** Of the gradient of the class centers; none by default. */
  readonly clipCenters?: RowClipping | undefined;
}

/** What a step with its update took. Times in seconds. */
export interface UpdateMeasurement {
  readonly medianSeconds: number;
  /** Of which the update itself, wherever it is done. */
  readonly updateSeconds: number;
  readonly productRate: number;
  /** Peak resident memory of the process, without what it has of files; null where the system does not tell. */
  readonly residentMiB: number | null;
  /** Of that, what is beyond the runtime, and W and momentum where they are in memory. */
  readonly peakExtraMiB: number | null;
  /** Bytes of W and momentum together. */
  readonly stateBytes: number;
}

const MOMENTUM = 0.9;
const DECAY = 5e-4;
const LEARNING_RATE = 0.1;

/** Measures one way of updating in this process, which should be a fresh one: its peak memory counts. */
export async function measureUpdate(task: UpdateTask): Promise<UpdateMeasurement> {
  checkTask({ ...task, regime: 'init' });
  const { classes, subCenters, dim, update, folder, threads, device, seed } = task;
  const rate = await openProductRate(threads, undefined, device);
  await rate.measure();
  const backend = await openBackend(task.backend, {
    askedBy: `--backend ${task.backend}`,
    threads,
    device,
    kernels: task.kernels ?? 'auto',
  });
  const length = classes * subCenters * dim;
  const floats = await allocator(folder, length);
  const centers = floats('centers');
  const kept = floats('momentum');
  const [values, momentum] = [centers.values, kept.values];
  const draw = uniform(seed);
  fillBy(centers, draw);
  // Touched, so that they count before the step and not during it.
  if (folder === undefined) momentum.fill(0);
  const write =
    centers.write &&
    ((name: string, from: number, rows: FloatArray): void => {
      (name === 'values' ? centers : kept).write!(from, rows as Float32Array);
    });
  const { embeddings, labels } = drawSamples(task, draw);
  const resident = folder === undefined ? peakMiB : ownMiB;
  resetPeak();
  const before = resident();

  const loss = benchLoss(task);
  const head = await backend.createHead(loss, { subCenters });
  const rule = arrayOptimiser(sgd({ momentum: MOMENTUM }), DECAY);
  let updateSeconds = 0;
  const timed = {
    ...rule,
    update(given: Parameters<typeof rule.update>[0]) {
      const start = performance.now();
      rule.update(given);
      updateSeconds += (performance.now() - start) / 1000;
    },
  };
  const bias = startingBias(loss, classes);
  let state = initialState(loss);
  let gradWeights: Float32Array | undefined;
  const seconds: number[] = [];
  const updates: number[] = [];
  // The first step of all allocates.
  for (let step = 1; step <= task.steps + 1; step++) {
    const taker = rowUpdate({
      ...{ rule: timed, values, optimiser: { momentum }, dim, write },
      ...{ learningRate: LEARNING_RATE, updateNumber: step, clipping: task.clipCenters },
    });
    const input: HeadInput = {
      ...{ embeddings, weights: values, labels, dim, state, bias, countNegatives: task.diagnostics },
      ...(update === 'fused' ? { gradientTaker: taker } : { gradWeights }),
    };
    updateSeconds = 0;
    const taken = await secondsOf(async () => {
      const output = await head.step(input);
      state = output.state;
      if (update === 'fused') return;
      gradWeights = output.gradWeights as Float32Array;
      handOver(output, taker);
    });
    if (step > 1) {
      seconds.push(taken);
      updates.push(updateSeconds);
    }
    await rate.measure();
  }
  const after = resident();
  head.dispose();
  await backend.dispose();
  return {
    medianSeconds: median(seconds),
    updateSeconds: median(updates),
    productRate: await rate.close(),
    residentMiB: after ?? null,
    peakExtraMiB: before === undefined || after === undefined ? null : after - before,
    stateBytes: 2 * Float32Array.BYTES_PER_ELEMENT * length,
  };
}

async function allocator(folder: string | undefined, length: number): Promise<(name: string) => Floats> {
  if (folder === undefined) return () => ({ values: new Float32Array(length) });
  const koffi = await loadKoffi();
  return (name) => mapFloats({ path: join(folder, `${name}.f32`), length, koffi });
}

/** Numbers in memory, or in a file. */
type Floats = Pick<MappedFloats, 'values'> & Partial<Pick<MappedFloats, 'write'>>;

/** Numbers at a time. */
const PIECE = 2 ** 22;

/** Draws small numbers. */
function fillBy({ values, write }: Floats, draw: () => number): void {
  if (write === undefined) {
    fillUniform(values, draw, 0.01);
    return;
  }
  for (let from = 0; from < values.length; from += PIECE) {
    const some = new Float32Array(Math.min(PIECE, values.length - from));
    fillUniform(some, draw, 0.01);
    write(from, some);
  }
}
