import { createRandom, meanOf, relativeError } from '@cf/core';
import type { LearnerOptimiser } from '@cf/training';
import { onnxModel } from '../backbones/onnx-model.ts';
import type { TensorData } from '../model/tensor.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { createTrainingSession } from '../training/create-training-session.ts';
import type { TrainingSessionOptions } from '../training/options.ts';
import { PROOF_SIDE, proofNetwork } from './proof-network.ts';

type Named = ReadonlyMap<string, TensorData>;

/** What a training step leaves. */
interface TrainedStep {
  readonly embeddings: Float32Array;
  readonly gradients: Named;
  readonly weights: Named;
  readonly statistics: Named;
  readonly optimiser: Named;
}

export interface NetworkProofOptions {
  readonly runtime: OnnxRuntime;
  readonly threads?: number;
  /** Its graph is proven as well. */
  readonly optimiser: LearnerOptimiser;
}

const BATCH = 4;
/** A gradient that is more than rounding, as a share of the largest of its layer. */
const SIZABLE = 0.01;

/** What computes the step. */
export type ComputedOn = Pick<TrainingSessionOptions, 'executionProviders' | 'kernels'>;

/**
 * How far a training step of {@link proofNetwork} on something is from that of graphs on the runtime's processor: the worst of
 * embeddings, gradients, running statistics and what the optimiser makes of them, each against the largest number of
 * its layer.
 */
export async function networkDeviation(on: ComputedOn, options: NetworkProofOptions): Promise<number> {
  const expected = await trainedStep({ executionProviders: ['cpu'] }, options);
  const actual = await trainedStep(on, options);
  const parts = ['gradients', 'weights', 'statistics', 'optimiser'] as const;
  const worst = parts.map((part) =>
    // AdamW's first step is the sign of a gradient, which where it cancels out is nobody's.
    worstOf(actual[part], expected[part], part === 'weights' ? expected.gradients : undefined),
  );
  return Math.max(relativeError(actual.embeddings, expected.embeddings, 0), ...worst);
}

/** Of tensors, each against its layer. @param gradients where one is small beside those of its layer, nothing is compared */
function worstOf(actual: Named, expected: Named, gradients: Named | undefined): number {
  const scales = layerScales(expected);
  const sizes = gradients && layerScales(gradients);
  const errors = [...expected].map(([name, tensor]) => {
    const layer = layerOf(name);
    const gradient = numbers(gradients?.get(name));
    const counts = (_: number, i: number): boolean =>
      sizes === undefined || Math.abs(gradient[i]!) > SIZABLE * sizes.get(layer)!;
    const [a, b] = [numbers(actual.get(name)), numbers(tensor)];
    return a.length === b.length
      ? relativeError(a.filter(counts), b.filter(counts), scales.get(layer)!)
      : Number.POSITIVE_INFINITY;
  });
  return Math.max(...errors);
}

async function trainedStep(
  on: ComputedOn,
  { runtime, threads, optimiser }: NetworkProofOptions,
): Promise<TrainedStep> {
  const session = await createTrainingSession({
    runtime,
    model: onnxModel(proofNetwork()),
    optimiser,
    seed: 1,
    ...on,
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    const random = createRandom('proof');
    const shape = [BATCH, 3, PROOF_SIDE, PROOF_SIDE];
    const values = Float32Array.from({ length: BATCH * 3 * PROOF_SIDE ** 2 }, () => 255 * random.uniform());
    const embeddings = (await session.forward({ values, shape, step: 0, position: 0 })).slice();
    await session.backward(Float32Array.from(embeddings, () => random.normal()));
    const gradients = session.gradients();
    await session.update(0.1);
    return { embeddings, gradients, ...session.state() };
  } finally {
    await session.dispose();
  }
}

/** Of a layer's numbers the largest: a gradient that cancels out has no size of its own. At least one of all layers' mean. */
function layerScales(tensors: Named): ReadonlyMap<string, number> {
  const largest = new Map<string, number>();
  for (const [name, tensor] of tensors) {
    const size = numbers(tensor).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    largest.set(layerOf(name), Math.max(size, largest.get(layerOf(name)) ?? 0));
  }
  const mean = meanOf([...largest.values()]);
  return new Map([...largest].map(([layer, size]) => [layer, Math.max(size, mean)]));
}

/** `deep_bn` of `deep_bn.weight`. */
function layerOf(name: string): string {
  return name.replace(/\.[^.]*$/, '');
}

function numbers(tensor: Pick<TensorData, 'data'> | undefined): Float32Array {
  return (tensor?.data ?? new Float32Array(0)) as Float32Array;
}
