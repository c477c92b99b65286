import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LossParameters } from '../losses/loss-definition.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { createLoss, LOSS_NAMES } from '../losses/registry.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';
import { traceFormula } from '../ops/trace.ts';
import { toJavaScript, toJavaScriptFunction } from './javascript.ts';
import { numberOps } from './number.ts';

/** Every loss as it comes, and the options that change a formula. */
const LOSSES: readonly (readonly [string, LossParameters])[] = [
  ...LOSS_NAMES.map((name) => [name, {}] as const),
  ['sphereface', { margin: 3 }],
  ['sphereface', { margin: 8 }],
  ['cosface', { easyMargin: true }],
  ['arcface', { beyondPi: 'cosine', easyMargin: true }],
  ['arcface', { gradient: 'straight-through' }],
  ['combined-margin', { m1: 1.35, m2: 0.4, m3: 0.15 }],
  ['combined-margin', { m1: 0.9, m2: 0, m3: 0, beyondPi: 'cosine' }],
  ['mv-arc-softmax', { easyMargin: false, t: 1.1 }],
  ['curricularface', { easyMargin: true }],
  ['curricularface', { margin: { kind: 'cosine', margin: 0.35, easyMargin: true } }],
  ['curricularface', { margin: { kind: 'combined', multiplicative: 1.2, angular: 0.3, cosine: 0.1 } }],
  ['magface', { easyMargin: false, beyondPi: 'cosine' }],
  ['elastic-arcface', { beyondPi: 'linear', easyMargin: true }],
  ['arcface', { margin: [0.1, 0.5], beyondPi: 'cosine' }],
  ['cosface', { margin: [0.1, 0.5], easyMargin: true }],
  ['arc-neg', { gradient: 'exact' }],
  ['circle', { gradient: 'exact' }],
  ['sphereface-r', { margin: 3.7, gradient: 'exact' }],
  ['sphereface-r', { variant: 'v1', gradient: 'exact' }],
  ['sphereface-r', { variant: 'v2', gradient: 'exact' }],
  ['x2-softmax', { gradient: 'exact' }],
  ['sphereface2', { t: 2.5, gradient: 'exact' }],
  ['sphereface2', { marginType: 'A', gradient: 'exact' }],
  ['sphereface2', { marginType: 'M', t: 1, gradient: 'exact' }],
];

type Compiled = (...values: number[]) => Record<string, number | boolean>;

function compile(source: string): Compiled {
  return new Function(`"use strict"; return ${source};`)() as Compiled;
}

interface Formulas {
  readonly target: Compiled;
  readonly negative: Compiled;
  readonly regulariser: Compiled | undefined;
}

/** Names of the sample values that the target of a loss reads. */
function targetNames({ sampleValueNames, negativeSums }: MarginLoss): readonly string[] {
  const sums = { hardCosines: 1, hardCount: 1 };
  return [...sampleValueNames, ...Object.keys(negativeSums?.sampleValues(numberOps, sums) ?? {})];
}

/** The three formulas of a loss as JavaScript, row values after the fixed inputs. */
function compileLoss(loss: MarginLoss): Formulas {
  const { sampleValueNames: rows, regulariser } = loss;
  const source = (...parts: Parameters<typeof traceFormula>): Compiled =>
    compile(toJavaScriptFunction(traceFormula(...parts)));
  return {
    target: source(['cos', 'sin', 'norm', ...targetNames(loss)], (ops, { cos, sin, norm, ...row }) => ({
      ...loss.target(ops, { cos: cos!, sin: sin!, norm: norm! }, row),
    })),
    negative: source(['cos', 'pivot', ...rows], (ops, { cos, pivot, ...row }) => ({
      ...loss.negative(ops, cos!, pivot!, row),
    })),
    regulariser: regulariser && source(['norm'], (ops, { norm }) => ({ ...regulariser(ops, norm!) })),
  };
}

/** Equal bits: −0 is not 0, NaN is NaN. */
function expectSameBits(actual: object, expected: object): void {
  for (const [name, value] of Object.entries(expected)) {
    const given = (actual as Record<string, unknown>)[name];
    if (!Object.is(given, value)) throw new Error(`${name} = ${given}, expected ${value}`);
  }
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
}

const cosine = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(-1, -0, 0, 1));
const sine = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1e-7, 1));
const norm = fc.oneof(fc.double({ min: 0, max: 200, noNaN: true }), fc.constantFrom(0, 10, 110));
const rowValue = fc.double({ min: -2, max: 2, noNaN: true });

describe('the source of every loss computes the bits of float64', () => {
  test.each(LOSSES)('%s %j', (name, parameters) => {
    const loss = createLoss(name, parameters, { classCounts: [3, 8] });
    const formulas = compileLoss(loss);
    const names = targetNames(loss);
    const row = fc.array(rowValue, { minLength: names.length, maxLength: names.length });
    fc.assert(
      fc.property(cosine, sine, norm, cosine, row, (cos, sin, length, pivot, values) => {
        const named = Object.fromEntries(names.map((key, i) => [key, values[i]!]));
        expectSameBits(
          formulas.target(cos, sin, length, ...values),
          loss.target(numberOps, { cos, sin, norm: length }, named),
        );
        // Those of the sums over the negatives come last, and no negative reads them.
        for (const limit of [pivot, cos])
          expectSameBits(
            formulas.negative(cos, limit, ...values.slice(0, loss.sampleValueNames.length)),
            loss.negative(numberOps, cos, limit, named),
          );
        if (formulas.regulariser) {
          expectSameBits(formulas.regulariser(length), loss.regulariser!(numberOps, length));
        }
      }),
      { numRuns: 200 },
    );
  });
});

const UNARY = ['neg', 'abs', 'sqrt', 'exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'atan'] as const;
const BINARY = ['add', 'sub', 'mul', 'div', 'min', 'max'] as const;
const LOGICAL = ['and', 'or', 'not', 'greater'] as const;

interface Instruction {
  readonly op:
    | (typeof UNARY)[number]
    | (typeof BINARY)[number]
    | (typeof LOGICAL)[number]
    | 'select'
    | 'constant';
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly value: number;
}

const instruction: fc.Arbitrary<Instruction> = fc.record({
  op: fc.constantFrom(...UNARY, ...BINARY, ...LOGICAL, 'select' as const, 'constant' as const),
  a: fc.nat(50),
  b: fc.nat(50),
  c: fc.nat(50),
  value: fc.oneof(fc.double(), fc.constantFrom(-0, -1, 1, Number.POSITIVE_INFINITY, 1e-12)),
});

/** Runs a random straight-line program in any reading: operands are chosen among what has been computed so far. */
function runProgram<T, M>(ops: TensorOps<T, M>, inputs: readonly T[], program: readonly Instruction[]): T {
  const values = [...inputs];
  const masks: M[] = [ops.greater(inputs[0]!, inputs[1]!)];
  for (const { op, a, b, c, value } of program) {
    const x = values[a % values.length]!;
    const y = values[b % values.length]!;
    const p = masks[a % masks.length]!;
    const q = masks[b % masks.length]!;
    if (op === 'constant') values.push(ops.constant(value));
    else if (op === 'select') values.push(ops.select(masks[c % masks.length]!, x, y));
    else if (op === 'greater') masks.push(ops.greater(x, y));
    else if (op === 'not') masks.push(ops.not(p));
    else if (op === 'and' || op === 'or') masks.push(ops[op](p, q));
    else if (op === 'add' || op === 'sub' || op === 'mul' || op === 'div' || op === 'min' || op === 'max')
      values.push(ops[op](x, y));
    else values.push(ops[op](x));
  }
  let sum: T = values.at(-1)!;
  for (const mask of masks) sum = ops.add(sum, ops.select(mask, values[0]!, values[1]!));
  return ops.max(sum, values.at(-1)!);
}

test('the source of any expression computes the bits of float64', () => {
  const program = fc.array(instruction, { maxLength: 30 });
  fc.assert(
    fc.property(program, fc.double(), fc.double(), (steps, x, y) => {
      const traced = traceFormula(['x', 'y'], (ops, inputs) => ({
        out: runProgram(ops, [inputs.x, inputs.y], steps),
      }));
      const { out } = compile(toJavaScriptFunction(traced))(x, y);
      expect(Object.is(out, runProgram(numberOps, [x, y], steps))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

describe('the printed source', () => {
  test('has one named constant an operation', () => {
    const traced = traceFormula(['a', 'b'], (ops, { a, b }) => ({
      sum: ops.add(a, ops.neg(b)),
      least: ops.min(a, ops.constant(-1)),
    }));
    expect(toJavaScript(traced)).toEqual({
      parameters: ['a', 'b'],
      lines: ['const v0 = -b;', 'const v1 = a + v0;', 'const v2 = Math.min(a, (-1));'],
      outputs: { sum: 'v1', least: 'v2' },
    });
    expect(toJavaScriptFunction(traced)).toBe(
      '(a, b) => {\n  const v0 = -b;\n  const v1 = a + v0;\n  const v2 = Math.min(a, (-1));\n  return { sum: v1, least: v2 };\n}',
    );
  });

  test('signs do not run together, and -0 keeps its sign', () => {
    const traced = traceFormula(['a'], (ops, { a }) => ({
      out: ops.sub(a, ops.constant(-1)),
      zero: ops.neg(ops.constant(-0)),
      infinite: ops.constant(Number.NEGATIVE_INFINITY),
    }));
    const result = compile(toJavaScriptFunction(traced))(2);
    expect(result).toEqual({ out: 3, zero: 0, infinite: Number.NEGATIVE_INFINITY });
  });

  test('an output may be an input or a constant', () => {
    const traced = traceFormula(['a'], (ops, { a }) => ({ same: a, two: ops.constant(2) }));
    expect(toJavaScript(traced)).toEqual({ parameters: ['a'], lines: [], outputs: { same: 'a', two: '2' } });
  });

  test('calls no function that a plain kernel lacks, and no acos', () => {
    for (const [name, parameters] of LOSSES) {
      const loss = createLoss(name, parameters, { classCounts: [3, 8] });
      const { lines } = toJavaScript(
        traceFormula(
          ['cos', 'sin', 'norm', ...targetNames(loss)],
          (ops, { cos, sin, norm: length, ...row }) => ({
            ...loss.target(ops, { cos: cos!, sin: sin!, norm: length! }, row),
          }),
        ),
      );
      for (const line of lines) {
        expect(line).toMatch(/^const v\d+ = [^;]+;$/);
        expect(line).not.toMatch(/acos|asin|pow|\*\*/);
      }
    }
  });

  test('an input called v0 is read', () => {
    const traced = traceFormula(['v0'], (ops, { v0 }) => ({ out: ops.mul(v0, v0) }));
    expect(compile(toJavaScriptFunction(traced))(3)).toEqual({ out: 9 });
  });
});
