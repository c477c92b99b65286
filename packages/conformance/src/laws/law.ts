import {
  type Backend,
  type Head,
  type HeadInput,
  type HeadOptions,
  type HeadOutput,
  type LossState,
  type MarginLoss,
  reasonOf,
} from '@cf/core';
import fc from 'fast-check';
import type { DenseOutput } from '../oracle/dense-head.ts';
import { buildProblem, type ProblemSpec, problemSpecs } from '../problems/problem.ts';
import type { Specimen } from '../problems/specimens.ts';
import { naturalGradientScales } from './tolerances.ts';

export interface LawOptions {
  /** Random problems a loss and law. Default 8. */
  readonly runsPerLoss?: number;
  /** Seed of the random problems; a failure prints the one it used. Default: a new one each time. */
  readonly seed?: number;
  /** Losses to try. Default: all. */
  readonly specimens?: readonly Specimen[];
}

/** What a law is tried with. */
export interface LawContext {
  readonly backend: Backend;
  readonly specimens: readonly Specimen[];
  readonly parameters: fc.Parameters<unknown>;
}

/** One law: what must hold, and for which losses. */
export interface Law {
  /** The law and where it holds, as a sentence. */
  readonly name: string;
  check(context: LawContext): Promise<void>;
}

/** Runs one step on a fresh head and frees it. */
export async function stepOnce(
  backend: Backend,
  loss: MarginLoss,
  input: HeadInput,
  options: HeadOptions = {},
): Promise<HeadOutput> {
  const head: Head = await backend.createHead(loss, options);
  try {
    return await head.step(input);
  } finally {
    head.dispose();
  }
}

/** What one trial of a law is given. */
export interface Trial {
  readonly backend: Backend;
  readonly specimen: Specimen;
  readonly loss: MarginLoss;
  readonly input: HeadInput;
  readonly spec: ProblemSpec;
}

/** Which losses a law holds for. */
export interface LawScope {
  readonly holdsFor?: (specimen: Specimen, loss: MarginLoss) => boolean;
  /** Problems a loss. Default: as many as were asked for. */
  readonly numRuns?: number;
}

/** A law of every loss it holds for, as a property of it. A failure names the loss. */
export function lossLaw(
  name: string,
  propertyOf: (subject: Pick<Trial, 'backend' | 'specimen' | 'loss'>) => Property,
  { holdsFor = () => true, ...runs }: LawScope = {},
): Law {
  return {
    name,
    async check({ backend, specimens, parameters }) {
      for (const specimen of specimens) {
        const loss = specimen.create();
        if (!holdsFor(specimen, loss)) continue;
        await assertNamed(specimen.name, propertyOf({ backend, specimen, loss }), { ...parameters, ...runs });
      }
    },
  };
}

/**
 * A law over random problems: for every loss it holds for, `trial` must not throw. A failure names the loss and
 * prints the shrunk problem and the seed.
 */
export function problemLaw(name: string, trial: (trial: Trial) => Promise<void>, scope: LawScope = {}): Law {
  const propertyOf = ({ backend, specimen }: Pick<Trial, 'backend' | 'specimen'>): Property =>
    fc.asyncProperty(problemSpecs(), (spec) => {
      const loss = specimen.create(undefined, spec.classes);
      return trial({ backend, specimen, loss, input: buildProblem(spec, loss), spec });
    });
  return lossLaw(name, propertyOf, scope);
}

type Property = fc.IAsyncProperty<unknown> | fc.IProperty<unknown>;

/** Numbers from `min` to `max`. */
export const between = (min: number, max: number): fc.Arbitrary<number> =>
  fc.double({ min, max, noNaN: true });

/** fc.assert, with the loss named in what it throws. */
export async function assertNamed(
  name: string,
  property: Property,
  parameters: fc.Parameters<unknown>,
): Promise<void> {
  try {
    await fc.assert(property as fc.IAsyncProperty<unknown>, parameters);
  } catch (error) {
    throw new Error(`${name}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Throws with both numbers unless they agree to `tolerance`. */
export function requireClose(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  if (actual.length !== expected.length)
    throw new Error(`${what} has length ${actual.length}, expected ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    if (Math.abs(actual[i]! - expected[i]!) <= tolerance) continue;
    throw new Error(`${what}[${i}] = ${actual[i]}, expected ${expected[i]} within ${tolerance}`);
  }
}

/** Throws unless loss, ∂X, ∂W and ∂b of two outputs agree, each to `factor` of its natural tolerance. */
export function requireSameOutput(
  { backend, loss, input }: Pick<Trial, 'backend' | 'loss' | 'input'>,
  actual: HeadOutput,
  expected: Omit<DenseOutput, 'state' | 'regulariser'>,
  factor = 1,
): void {
  const scales = naturalGradientScales(loss, input);
  const unit = factor * scales.unit(backend);
  requireClose('loss', [actual.loss], [expected.loss], unit * scales.loss);
  requireClose('losses', actual.losses, expected.losses, unit * scales.losses);
  requireClose('gradEmbeddings', actual.gradEmbeddings, expected.gradEmbeddings, unit * scales.embeddings);
  requireClose('gradWeights', actual.gradWeights, expected.gradWeights, unit * scales.weights);
  if (expected.gradBias !== undefined) {
    requireClose('gradBias', actual.gradBias ?? [], expected.gradBias, unit * scales.bias);
  }
}

/** Throws unless a state has the expected values and no others, each to its natural tolerance. */
export function requireSameState(
  { backend, loss, input }: Pick<Trial, 'backend' | 'loss' | 'input'>,
  actual: LossState,
  expected: LossState,
): void {
  const unit = naturalGradientScales(loss, input).unit(backend);
  const names = (state: LossState): string => Object.keys(state.values).sort().join();
  if (names(actual) !== names(expected))
    throw new Error(`a state of {${names(actual)}}, expected {${names(expected)}}`);
  for (const [name, value] of Object.entries(expected.values)) {
    const tolerance = unit * Math.max(1, Math.abs(value));
    requireClose(`state.${name}`, [actual.values[name]!], [value], tolerance);
  }
  const classNames = Object.keys(expected.classValues ?? {});
  if (Object.keys(actual.classValues ?? {}).join() !== classNames.join())
    throw new Error(
      `a state of classes of {${Object.keys(actual.classValues ?? {})}}, expected {${classNames}}`,
    );
  for (const [name, values] of Object.entries(expected.classValues ?? {})) {
    const tolerance = unit * Math.max(1, ...values.map(Math.abs));
    requireClose(`state.${name}`, actual.classValues![name]!, values, tolerance);
  }
}
