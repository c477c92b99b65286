import type { Dimension } from '../model/model.ts';

/**
 * Arithmetic of dimensions that are partly symbols. A result is a number, or an expression in one canonical form
 * (so that equal strings are equal sizes), or `undefined` where nothing can be said. A symbol that does not read as an
 * identifier stands in quotes within an expression. A symbol that is itself written as such an expression means it.
 */

/** A sum of products: coefficients by the product's atoms, in order and joined by `*`; '' is the constant. */
type Polynomial = ReadonlyMap<string, number>;

const TERM_LIMIT = 16;
const TOKEN = /floor\(|[A-Za-z_][\w.]*|"(?:[^"\\\p{Cc}]|\\["\\/bfnrt]|\\u[\da-fA-F]{4})*"|\d+|[-+*]/uy;
const PLAIN = /^[A-Za-z_][\w.]*$/;

export function addDimensions(a: Dimension, b: Dimension): Dimension {
  return combined(a, b, 1);
}

export function subtractDimensions(a: Dimension, b: Dimension): Dimension {
  return combined(a, b, -1);
}

export function multiplyDimensions(a: Dimension, b: Dimension): Dimension {
  if (a === 0 || b === 0) return 0;
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const [left, right] = [polynomialOf(a), polynomialOf(b)];
  if (left === undefined || right === undefined) return undefined;
  const result = new Map<string, number>();
  for (const [x, p] of left)
    for (const [y, q] of right) increase(result, joined([...atomsOf(x), ...atomsOf(y)]), p * q);
  return written(result);
}

/** The quotient where it is known to be exact; `undefined` for a divisor of 0. */
export function divideDimensions(a: Dimension, b: Dimension): Dimension {
  if (a === undefined || b === undefined || b === 0) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return Number.isInteger(a / b) ? a / b : undefined;
  if (a === b) return 1;
  const [dividend, divisor] = [polynomialOf(a), polynomialOf(b)];
  if (dividend === undefined || divisor === undefined || dividend.size % divisor.size !== 0) return undefined;
  if (divisor.size === 1) {
    const result = new Map<string, number>();
    const [key, factor] = [...divisor][0]!;
    for (const [product, coefficient] of dividend) {
      const rest = without(atomsOf(product), atomsOf(key));
      if (rest === undefined || coefficient % factor !== 0) return undefined;
      increase(result, joined(rest), coefficient / factor);
    }
    return written(result);
  }
  // A product of the divisor with one term: the term follows from the leading ones.
  for (const [product, coefficient] of dividend) {
    const [key, factor] = [...divisor][0]!;
    const rest = without(atomsOf(product), atomsOf(key));
    if (rest === undefined || coefficient % factor !== 0) continue;
    const candidate = written(new Map([[joined(rest), coefficient / factor]]));
    if (multiplyDimensions(candidate, b) === a) return candidate;
  }
  return undefined;
}

/** The quotient rounded down, by a positive whole number. */
export function floorDivide(a: Dimension, b: Dimension): Dimension {
  if (typeof a === 'number' && typeof b === 'number') return b === 0 ? undefined : Math.floor(a / b);
  const exact = divideDimensions(a, b);
  if (exact !== undefined || a === undefined || typeof b !== 'number' || !(b > 0)) return exact;
  const polynomial = polynomialOf(a);
  if (polynomial === undefined || !Number.isSafeInteger(b)) return undefined;
  const [whole, rest] = [new Map<string, number>(), new Map<string, number>()];
  for (const [product, coefficient] of polynomial) {
    const below = Math.floor(coefficient / b);
    increase(whole, product, below);
    increase(rest, product, coefficient - below * b);
  }
  const remainder = written(rest);
  if (remainder === undefined) return undefined;
  if (typeof remainder === 'string') increase(whole, `floor((${remainder})/${b})`, 1);
  return written(whole);
}

/** The quotient rounded up, by a positive whole number. */
export function ceilDivide(a: Dimension, b: Dimension): Dimension {
  if (typeof b !== 'number' || !(b > 0)) return undefined;
  return floorDivide(addDimensions(a, b - 1), b);
}

/** The product of dimensions; 1 of none. */
export function productOf(dims: readonly Dimension[]): Dimension {
  return dims.includes(0) ? 0 : dims.reduce(multiplyDimensions, 1);
}

/** The difference where it is a number. */
export function distance(a: Dimension, b: Dimension): number | undefined {
  const difference = subtractDimensions(a, b);
  return typeof difference === 'number' ? difference : undefined;
}

/** A dimension where every symbol in it, and what is not known, is taken for one number. */
export function dimensionAt(dim: Dimension, symbol: number): number {
  if (typeof dim === 'number') return dim;
  const sum = dim === undefined ? undefined : polynomialOf(dim);
  if (sum === undefined) return symbol;
  let value = 0;
  for (const [product, coefficient] of sum)
    value += atomsOf(product).reduce((part, atom) => part * atomAt(atom, symbol), coefficient);
  return value;
}

function atomAt(atom: string, symbol: number): number {
  const [, inner, divisor] = /^floor\(\((.*)\)\/(\d+)\)$/su.exec(atom) ?? [];
  return inner === undefined ? symbol : Math.floor(dimensionAt(inner, symbol) / Number(divisor));
}

function combined(a: Dimension, b: Dimension, sign: 1 | -1): Dimension {
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return a + sign * b;
  if (b === 0) return a;
  const [left, right] = [polynomialOf(a), polynomialOf(b)];
  if (left === undefined || right === undefined) return undefined;
  const result = new Map(left);
  for (const [product, coefficient] of right) increase(result, product, sign * coefficient);
  return written(result);
}

function increase(sum: Map<string, number>, product: string, by: number): void {
  const coefficient = (sum.get(product) ?? 0) + by;
  if (coefficient === 0) sum.delete(product);
  else sum.set(product, coefficient);
}

function polynomialOf(dim: number | string): Polynomial | undefined {
  if (typeof dim === 'number')
    return Number.isSafeInteger(dim) ? new Map(dim === 0 ? [] : [['', dim]]) : undefined;
  const read = readExpression(dim);
  if (read !== undefined && written(read) === dim) return read;
  return new Map([[PLAIN.test(dim) ? dim : JSON.stringify(dim), 1]]);
}

function readExpression(text: string): Polynomial | undefined {
  const sum = new Map<string, number>();
  let [sign, coefficient, atoms] = [1, 1, [] as string[]];
  let expectsFactor = true;
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  for (const [at, token] of tokens.entries()) {
    if (expectsFactor) {
      if (token === '-' && at === 0) sign = -1;
      else if (/^[-+*]$/.test(token)) return undefined;
      else {
        if (/^\d/.test(token)) coefficient *= Number(token);
        else atoms.push(token);
        expectsFactor = false;
      }
    } else if (token === '*') expectsFactor = true;
    else if (token === '+' || token === '-') {
      increase(sum, joined(atoms), sign * coefficient);
      [sign, coefficient, atoms] = [token === '+' ? 1 : -1, 1, []];
      expectsFactor = true;
    } else return undefined;
  }
  if (expectsFactor) return undefined;
  increase(sum, joined(atoms), sign * coefficient);
  return sum;
}

function tokensOf(text: string): readonly string[] | undefined {
  const tokens: string[] = [];
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    let token = TOKEN.exec(text)?.[0];
    if (token === undefined) return undefined;
    if (token === 'floor(') {
      const end = closing(text, at + token.length);
      if (end === undefined) return undefined;
      token = text.slice(at, end);
    }
    tokens.push(token);
    at += token.length;
  }
  return tokens;
}

/** Where the bracket that is open at `at` has been closed. */
function closing(text: string, start: number): number | undefined {
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') {
      const quoted = /"(?:[^"\\\p{Cc}]|\\["\\/bfnrt]|\\u[\da-fA-F]{4})*"/uy;
      quoted.lastIndex = at;
      const found = quoted.exec(text);
      if (found === null) return undefined;
      at += found[0].length - 1;
    } else if (character === '(') depth++;
    else if (character === ')' && --depth === 0) return at + 1;
  }
  return undefined;
}

function joined(atoms: readonly string[]): string {
  return [...atoms].sort().join('*');
}

function atomsOf(product: string): readonly string[] {
  return product === '' ? [] : (tokensOf(product) ?? [product]).filter((token) => token !== '*');
}

/** What is left of a list without the members of another; `undefined` if one is not there. */
function without(atoms: readonly string[], removed: readonly string[]): readonly string[] | undefined {
  const rest = [...atoms];
  for (const atom of removed) {
    const at = rest.indexOf(atom);
    if (at < 0) return undefined;
    rest.splice(at, 1);
  }
  return rest;
}

/** The canonical form: products in order, the constant last. */
function written(sum: Polynomial): Dimension {
  if (sum.size > TERM_LIMIT) return undefined;
  if (![...sum.values()].every(Number.isSafeInteger)) return undefined;
  const products = [...sum.keys()].filter((product) => product !== '').sort();
  const constant = sum.get('') ?? 0;
  if (products.length === 0) return constant;
  const first = products[0]!;
  // A symbol alone is written as it was declared.
  if (
    products.length === 1 &&
    constant === 0 &&
    sum.get(first) === 1 &&
    /^"(?:[^"\\\p{Cc}]|\\["\\/bfnrt]|\\u[\da-fA-F]{4})*"$/u.test(first)
  )
    return JSON.parse(first) as string;
  const terms = products.map((product) => {
    const coefficient = sum.get(product)!;
    const size = Math.abs(coefficient);
    return `${coefficient < 0 ? '-' : '+'}${size === 1 ? '' : `${size}*`}${product}`;
  });
  if (constant !== 0) terms.push(`${constant < 0 ? '-' : '+'}${Math.abs(constant)}`);
  return terms.join('').replace(/^\+/, '');
}
