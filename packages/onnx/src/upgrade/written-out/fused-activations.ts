import { floatAttribute } from '../../model/attributes.ts';
import type { Writing, WrittenOut } from './writing.ts';

/** Activations that onnxruntime's optimiser makes of several nodes. */
export const fusedActivations: Readonly<Record<string, WrittenOut>> = {
  Gelu: (writing) => exactGelu(writing, writing.input(0)),
  BiasGelu: (writing) => exactGelu(writing, writing.op('Add', [writing.input(0), writing.input(1)])),
  FastGelu: (writing) => {
    const x = writing.input(0);
    tanhGelu(writing, writing.has(1) ? writing.op('Add', [x, writing.input(1)]) : x);
  },
  /** x · σ(α · x). */
  QuickGelu: (writing) => {
    const x = writing.input(0);
    const alpha = floatAttribute(writing.node, 'alpha', 1.702);
    writing.give(0, 'Mul', [x, writing.op('Sigmoid', [writing.scaled(x, alpha)])]);
  },
};

/** ½ · x · (1 + erf(x / √2)). */
function exactGelu(writing: Writing, x: string): void {
  const share = writing.op('Erf', [writing.scaled(x, Math.SQRT1_2)]);
  giveHalf(writing, x, share);
}

/** ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))). */
function tanhGelu(writing: Writing, x: string): void {
  const rate = Math.sqrt(2 / Math.PI);
  const square = writing.op('Mul', [x, x]);
  const factor = writing.op('Add', [writing.scaled(square, rate * 0.044715), writing.scalar(rate, x)]);
  giveHalf(writing, x, writing.op('Tanh', [writing.op('Mul', [x, factor])]));
}

function giveHalf(writing: Writing, x: string, share: string): void {
  const above = writing.op('Add', [share, writing.scalar(1, x)]);
  writing.give(0, 'Mul', [writing.scaled(x, 0.5), above]);
}
