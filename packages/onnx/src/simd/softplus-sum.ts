import type { Node, TracedFormula } from '@cf/core';
import type { FunctionWriter, Local } from './function-writer.ts';
import { simdLog1p } from './simd-log.ts';

/** A term w·(a + log(1 + x)) with 0 ≤ x ≤ 1, as a softplus is. */
export interface SoftplusTerm {
  /** w. */
  readonly weight: number;
  /** a. */
  readonly rest: Node;
  /** x. */
  readonly share: Node;
}

/** How often four numbers are taken before their logarithm is: the product stays under 2³². */
export const BLOCK = 32;

/** Whether a term of a formula is one of these, as can be told from how it is made. */
export function softplusTerm({ outputs }: TracedFormula, name: string): SoftplusTerm | undefined {
  const term = outputs[name]!;
  const [weight, softplus] = term.op === 'mul' ? term.args : [];
  const [rest, logarithm] = softplus?.op === 'add' ? softplus.args : [];
  const [share] = logarithm?.op === 'log1p' ? logarithm.args : [];
  if (weight?.op !== 'constant' || rest === undefined || share === undefined || !isShare(share))
    return undefined;
  return { weight: weight.value, rest, share };
}

/** e^{−|a|}. */
function isShare(step: Node): boolean {
  const [negated] = step.op === 'exp' ? step.args : [];
  const [size] = negated?.op === 'neg' ? negated.args : [];
  return size?.op === 'abs';
}

/**
 * Σ (a + log(1 + x)) of many terms, four at a time, with a logarithm a block: log Π(1 + x). What is carried along is the
 * product less 1, p ← p + x + p·x, in which nothing cancels: however small the terms, their sum keeps its digits.
 */
export class SoftplusSum {
  readonly #writer: FunctionWriter;
  readonly #sum: Local;
  readonly #product: Local;

  constructor(writer: FunctionWriter) {
    this.#writer = writer;
    this.#sum = writer.zeros();
    this.#product = writer.zeros();
  }

  add(rest: Local, share: Local): void {
    const [writer, sum, product] = [this.#writer, this.#sum, this.#product];
    writer.assign(sum, 'f32x4.add', sum, rest);
    const both = writer.value('f32x4.mul', product, share);
    writer.assign(product, 'f32x4.add', writer.value('f32x4.add', product, share), both);
  }

  /** To be called after every {@link BLOCK} terms, and at the end. */
  endBlock(): void {
    const [writer, sum, product] = [this.#writer, this.#sum, this.#product];
    writer.assign(sum, 'f32x4.add', sum, simdLog1p(writer, product));
    writer.assign(product, 'v128.xor', product, product);
  }

  /** [4]. */
  total(weight: number): Local {
    return this.#writer.value('f32x4.mul', this.#sum, this.#writer.floats(weight));
  }
}
