import { intAttribute } from '../../model/attributes.ts';
import { type ElementType, elementTypeOf, isFloat, isHalf } from '../../model/element-type.ts';
import type { Dimension } from '../../model/model.ts';
import {
  addDimensions,
  distance,
  divideDimensions,
  floorDivide,
  multiplyDimensions,
  subtractDimensions,
} from '../dimension-arithmetic.ts';
import { inputName } from '../known-values.ts';
import { type ElementsRule, repeated } from './elements.ts';

type Calculation = (type: ElementType | undefined, ...operands: readonly Dimension[]) => Dimension;

/** Element by element, with operands repeated to the common shape; float32 is rounded as it is computed. */
function byElement(calculate: Calculation): ElementsRule {
  return ({ node, input, dims, count, values }) => {
    const operands = node.input.map((_, i) => {
      const operand = input(i);
      return operand && repeated(operand, dims);
    });
    if (operands.every((operand) => operand === undefined)) return undefined;
    const type = values.type(inputName(node, 0));
    const round =
      values.type(node.output[0]!) === 'float32' ? Math.fround : (number: number): number => number;
    return Array.from({ length: count }, (_, i) => {
      const result = calculate(type, ...operands.map((operand) => operand?.[i]));
      return typeof result === 'number' ? round(result) : result;
    });
  };
}

const folded =
  (combine: (a: Dimension, b: Dimension) => Dimension): Calculation =>
  (_, ...operands) =>
    operands.reduce(combine);

/** Of numbers alone. */
const ofNumbers =
  (calculate: (...numbers: number[]) => number | boolean): Calculation =>
  (_, ...operands) =>
    operands.every((operand) => typeof operand === 'number') ? Number(calculate(...operands)) : undefined;

/** Of what a whole number would not change. */
const rounding =
  (round: (number: number) => number): Calculation =>
  (_, x) =>
    typeof x === 'number' ? round(x) : x;

const divide: Calculation = (type, a, b) => {
  if (isFloat(type)) return typeof a === 'number' && typeof b === 'number' ? a / b : divideDimensions(a, b);
  if (typeof a === 'number' && typeof b === 'number') return b === 0 ? undefined : Math.trunc(a / b);
  return floorDivide(a, b);
};

const modulo =
  (isTruncated: boolean): Calculation =>
  (_, a, b) => {
    if (typeof a !== 'number' || typeof b !== 'number') {
      return divideDimensions(a, b) === undefined ? undefined : 0;
    }
    if (b === 0) return undefined;
    return isTruncated ? a % b : a - b * Math.floor(a / b);
  };

/** Compares sizes that differ by a number, and a size, which is never below 0, with a number below. */
const compared =
  (holds: (difference: number) => boolean): Calculation =>
  (_, a, b) => {
    const difference = distance(a, b);
    if (difference !== undefined) return Number(holds(difference));
    // Symbols alone are sizes: at least 0.
    if (isSize(a) && typeof b === 'number' && b < 0) return Number(holds(1));
    if (isSize(b) && typeof a === 'number' && a < 0) return Number(holds(-1));
    return undefined;
  };

function isSize(dim: Dimension): boolean {
  return typeof dim === 'string' && !dim.includes('-');
}

const extreme =
  (pick: (a: number, b: number) => number): Calculation =>
  (_, ...operands) =>
    operands.reduce((a, b) => {
      if (a === b) return a;
      if (typeof a === 'number' && typeof b === 'number') return pick(a, b);
      const difference = distance(a, b);
      return difference === undefined ? undefined : pick(difference, 0) === 0 ? b : a;
    });

const where: Calculation = (_, condition, a, b) => {
  if (condition === undefined || typeof condition === 'string') return a === b ? a : undefined;
  return condition === 0 ? b : a;
};

const and: Calculation = (_, a, b) => (a === 0 || b === 0 ? 0 : a === 1 && b === 1 ? 1 : undefined);
const or: Calculation = (_, a, b) => (a === 1 || b === 1 ? 1 : a === 0 && b === 0 ? 0 : undefined);

const RANGES: Partial<Record<ElementType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

function cast(from: ElementType | undefined, to: ElementType | undefined, x: Dimension): Dimension {
  if (to === undefined || from === undefined || isHalf(to) || typeof x !== 'number') {
    return to === 'bool' || isHalf(to) ? undefined : x;
  }
  if (to === 'bool') return x === 0 ? 0 : 1;
  if (isFloat(to)) return x;
  const whole = Math.trunc(x);
  const [low, high] = RANGES[to]!;
  return whole >= low && whole <= high ? whole : undefined;
}

const castRule: ElementsRule = ({ node, input, values }) => {
  const from = values.type(inputName(node, 0));
  const to =
    node.opType === 'Cast' ? elementTypeOf(intAttribute(node, 'to', 0)) : values.type(inputName(node, 1));
  const round = to === 'float32' ? Math.fround : (number: number): number => number;
  return input(0)?.elements.map((x) => {
    const result = cast(from, to, x);
    return typeof result === 'number' ? round(result) : result;
  });
};

/** Half to even, as the standard asks. */
function roundEven(x: number): number {
  const near = Math.round(x);
  return Math.abs(x % 1) === 0.5 && near % 2 !== 0 ? near - 1 : near;
}

const calculations: Readonly<Record<string, Calculation>> = {
  Add: folded(addDimensions),
  Sub: folded(subtractDimensions),
  Mul: folded(multiplyDimensions),
  Div: divide,
  Sum: folded(addDimensions),
  Neg: (_, x) => subtractDimensions(0, x),
  Abs: (_, x) => (typeof x === 'number' ? Math.abs(x) : isSize(x) ? x : undefined),
  Min: extreme(Math.min),
  Max: extreme(Math.max),
  Equal: (type, a, b) =>
    a !== undefined && a === b ? 1 : compared((difference) => difference === 0)(type, a, b),
  Less: compared((difference) => difference < 0),
  LessOrEqual: compared((difference) => difference <= 0),
  Greater: compared((difference) => difference > 0),
  GreaterOrEqual: compared((difference) => difference >= 0),
  And: and,
  Or: or,
  Xor: ofNumbers((a, b) => a !== b),
  Not: ofNumbers((x) => x === 0),
  Where: where,
  Pow: ofNumbers((a, b) => a ** b),
  Sqrt: ofNumbers(Math.sqrt),
  Exp: ofNumbers(Math.exp),
  Log: ofNumbers(Math.log),
  Reciprocal: ofNumbers((x) => 1 / x),
  Sign: ofNumbers(Math.sign),
  Relu: ofNumbers((x) => Math.max(x, 0)),
  Floor: rounding(Math.floor),
  Ceil: rounding(Math.ceil),
  Round: rounding(roundEven),
};

/** Operators that compute element by element. */
export const CALCULATIONS: Readonly<Record<string, ElementsRule>> = {
  ...Object.fromEntries(Object.entries(calculations).map(([name, rule]) => [name, byElement(rule)])),
  Mod: (call) => byElement(modulo(intAttribute(call.node, 'fmod', 0) !== 0))(call),
  Cast: castRule,
  CastLike: castRule,
};
