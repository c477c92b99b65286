import { describe, expect, test } from 'vitest';
import { arcFace } from '../losses/arc-face.ts';
import { curricularFace } from '../losses/curricular-face.ts';
import { type Latex, latexOps as ops, symbol } from './latex.ts';

const a = symbol('a');
const b = symbol('b');
const c = symbol('c');
const sum = ops.add(a, b);
const difference = ops.sub(a, b);
const product = ops.mul(a, b);

describe('parentheses stand where they must', () => {
  test.each<[string, Latex]>([
    ['a + b + c', ops.add(sum, c)],
    ['c + a + b', ops.add(c, sum)],
    ['a - b - c', ops.sub(difference, c)],
    ['c - \\left(a - b\\right)', ops.sub(c, difference)],
    ['c - \\left(a + b\\right)', ops.sub(c, sum)],
    ['\\left(a + b\\right) \\cdot c', ops.mul(sum, c)],
    ['c \\cdot \\left(a - b\\right)', ops.mul(c, difference)],
    ['a \\cdot b \\cdot c', ops.mul(product, c)],
    ['a \\cdot b + c', ops.add(product, c)],
    ['c - a \\cdot b', ops.sub(c, product)],
    ['-\\left(a + b\\right)', ops.neg(sum)],
    ['-a \\cdot b', ops.neg(product)],
    ['a + \\left(-b\\right)', ops.add(a, ops.neg(b))],
    ['-a + b', ops.add(ops.neg(a), b)],
    ['\\frac{a + b}{a - b}', ops.div(sum, difference)],
    ['\\frac{a}{b} \\cdot c', ops.mul(ops.div(a, b), c)],
    ['\\sqrt{a + b}', ops.sqrt(sum)],
    ['e^{a - b} \\cdot c', ops.mul(ops.exp(difference), c)],
    ['\\left(e^{a} - 1\\right) \\cdot b', ops.mul(ops.expm1(a), b)],
    ['\\log\\left(1 + a + b\\right)', ops.log1p(sum)],
    ['\\log\\left(1 + \\left(-a\\right)\\right)', ops.log1p(ops.neg(a))],
    ['\\left\\lvert a - b \\right\\rvert \\cdot c', ops.mul(ops.abs(difference), c)],
    ['\\cos\\left(a + b\\right)', ops.cos(sum)],
    ['\\sin a', ops.sin(a)],
    ['\\arctan\\left(\\theta\\right)', ops.atan(symbol('\\theta'))],
    ['\\log\\left(a \\cdot b\\right)', ops.log(product)],
    ['\\min\\left(a + b,\\, c\\right)', ops.min(sum, c)],
    ['\\max\\left(a,\\, b\\right) \\cdot c', ops.mul(ops.max(a, b), c)],
    ['a > b \\wedge b \\le c', ops.and(ops.greater(a, b), ops.not(ops.greater(b, c)))],
    ['a > b', ops.not(ops.not(ops.greater(a, b)))],
    ['\\neg\\left(a > b \\vee c > b\\right)', ops.not(ops.or(ops.greater(a, b), ops.greater(c, b)))],
    [
      '\\begin{cases}a & a > b\\\\b & b > c\\\\c & \\text{otherwise}\\end{cases}',
      ops.select(ops.greater(a, b), a, ops.select(ops.greater(b, c), b, c)),
    ],
    ['\\begin{cases}a & a > b\\\\b & \\text{otherwise}\\end{cases}', ops.select(ops.greater(a, b), a, b)],
  ])('%s', (text, latex) => {
    expect(latex.text).toBe(text);
  });

  test.each<[string, Latex]>([
    ['a - \\left(-b\\right)', ops.sub(a, ops.neg(b))],
    ['a \\cdot \\left(-b\\right)', ops.mul(a, ops.neg(b))],
    ['a \\cdot \\left(-2\\right)', ops.mul(a, ops.constant(-2))],
    ['-\\left(-a\\right)', ops.neg(ops.neg(a))],
    ['\\left(a \\vee b\\right) \\wedge c', ops.and(ops.or(a, b), c)],
  ])('%s', (text, latex) => {
    expect(latex.text).toBe(text);
  });
});

describe('constants', () => {
  test.each<[string, number]>([
    ['0', 0],
    ['-1', -1],
    ['64', 64],
    ['0.5', 0.5],
    ['0.001', 0.001],
    ['0.877583', Math.cos(0.5)],
    ['10^{-12}', 1e-12],
    ['10^{-6}', 1e-6],
    ['1.175 \\cdot 10^{-38}', 2 ** -126],
    ['10^{30}', 1e30],
  ])('%s', (text, value) => {
    expect(ops.constant(value).text).toBe(text);
  });

  test('have the name that papers give them', () => {
    expect(ops.mul(a, ops.constant(0.48, '\\sin m')).text).toBe('a \\cdot \\sin m');
    expect(ops.mul(a, ops.constant(0.1, 't - 1')).text).toBe('a \\cdot \\left(t - 1\\right)');
  });

  test('0 + x, x − 0, 1 · x and x/1 print as x', () => {
    const zero = ops.constant(0);
    const one = ops.constant(1);
    for (const same of [
      ops.add(zero, a),
      ops.add(a, zero),
      ops.sub(a, zero),
      ops.mul(one, a),
      ops.mul(a, one),
    ]) {
      expect(same.text).toBe('a');
    }
    expect(ops.div(a, one).text).toBe('a');
    expect(ops.add(a, ops.constant(0, 'm')).text).toBe('a + m');
  });
});

describe('losses as the documentation prints them', () => {
  const point = { cos: symbol('\\cos\\theta_y'), sin: symbol('\\sin\\theta_y'), norm: symbol('\\|x\\|') };

  test('ArcFace without a branch', () => {
    expect(arcFace({ beyondPi: 'cosine' }).target(ops, point, {}).value.text).toBe(
      '\\cos\\theta_y \\cdot \\cos m - \\sin\\theta_y \\cdot \\sin m',
    );
  });

  test('CurricularFace’s negatives and their slope', () => {
    const { value, dCos } = curricularFace().negative(ops, symbol('c'), symbol('T'), { t: symbol('t') });
    expect(value.text).toBe(
      '\\begin{cases}c \\cdot \\left(t + c\\right) & c > T\\\\c & \\text{otherwise}\\end{cases}',
    );
    expect(dCos.text).toBe('\\begin{cases}t + 2 \\cdot c & c > T\\\\1 & \\text{otherwise}\\end{cases}');
  });
});
