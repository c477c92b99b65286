/** Numbers that formulas of activations hold, whose digits nobody learns: of Gelu in its three forms, and of logarithms. */
const CHARACTERISTIC: readonly number[] = [
  Math.sqrt(2 / Math.PI),
  0.044715,
  1.702,
  Math.LN2,
  Math.LN10,
  Math.LOG2E,
  Math.LOG10E,
];
/** What HardSwish adds, divides and multiplies by, and the powers of a variance. */
const OF_OPERATOR: ReadonlyMap<string, readonly number[]> = new Map([
  ['Add', [3]],
  ['Div', [6]],
  ['Mul', [1 / 6]],
  ['Pow', [0.5, 2]],
]);
/** Features of a head of attention, at most. */
const MOST_FEATURES = 1024;

/**
 * Whether one number is of a formula and not learnt, judged by its digits: √d or 1/√d of attention for a d whose root is
 * not whole, numbers of activations and of logarithms, and what HardSwish and a variance are made with.
 */
export function isOfFormula(value: number, operator: string): boolean {
  const is = (known: number): boolean => value === Math.fround(known) || value === -Math.fround(known);
  if (CHARACTERISTIC.some(is) || OF_OPERATOR.get(operator)?.some(is) === true) return true;
  if (operator !== 'Mul' && operator !== 'Div') return false;
  const square = Math.round(value > 1 ? value ** 2 : 1 / value ** 2);
  const root = Math.sqrt(square);
  return square >= 2 && square <= MOST_FEATURES && !Number.isInteger(root) && (is(root) || is(1 / root));
}
