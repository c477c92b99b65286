import { type Domain, decades } from '../charts/domain.ts';

/** How values lie along an axis, and which of them are written beside it. */
export interface Axis {
  readonly domain: Domain;
  readonly ticks: readonly Tick[];
  /** Share of the axis below a value: 0 at its lower end, 1 at its upper. */
  place(value: number): number;
}

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface LinearAxisOptions {
  /** About how many ticks. */
  readonly ticks: number;
  /** Move the ends out to whole steps. */
  readonly nice?: boolean;
  /** All values are whole numbers: no tick between them. */
  readonly whole?: boolean;
}

/** Ticks at whole multiples of 1, 2 or 5 times a power of ten. */
export function linearAxis(
  domain: Domain,
  { ticks: count, nice = false, whole = false }: LinearAxisOptions,
): Axis {
  const exact = roundStep((domain[1] - domain[0]) / count);
  const step = whole && exact.size < 1 ? { size: 1, exponent: 0 } : exact;
  // Beyond an end by less than this share of a step is rounding.
  const slack = 1e-6;
  const [first, last] = nice
    ? [Math.floor(domain[0] / step.size + slack), Math.ceil(domain[1] / step.size - slack)]
    : [Math.ceil(domain[0] / step.size - slack), Math.floor(domain[1] / step.size + slack)];
  const values = Array.from({ length: last - first + 1 }, (_, k) => multiple(first + k, step));
  const [low, high] = nice ? [values[0]!, values.at(-1)!] : domain;
  return {
    domain: [low, high],
    ticks: values.map((value) => ({ value, label: linearLabel(value, step.exponent, values) })),
    place: (value) => (value - low) / (high - low),
  };
}

/** Ticks at powers of ten, every one or every second, third … so that at most `ticks` are written. */
export function logAxis(domain: Domain, ticks: number): Axis {
  const [low, high] = domain.map(Math.log10) as [number, number];
  const all = decades(domain);
  const every = Math.ceil(all.length / Math.max(1, ticks));
  return {
    domain,
    ticks: all
      .filter((_, index) => (all.length - 1 - index) % every === 0)
      .map((value) => ({ value, label: powerLabel(value) })),
    place: (value) => (Math.log10(value) - low) / (high - low),
  };
}

interface Step {
  readonly size: number;
  /** The power of ten of its only digit. */
  readonly exponent: number;
}

/** The nearest of 1, 2 and 5 times a power of ten, by ratio. */
function roundStep(rough: number): Step {
  const exponent = Math.floor(Math.log10(rough));
  const mantissa = rough / Number(`1e${exponent}`);
  if (mantissa >= Math.sqrt(50)) return { size: Number(`1e${exponent + 1}`), exponent: exponent + 1 };
  const digit = mantissa >= Math.sqrt(10) ? 5 : mantissa >= Math.sqrt(2) ? 2 : 1;
  return { size: Number(`${digit}e${exponent}`), exponent };
}

/** Divided where the step is a fraction: 3 × 0.1 is not 0.3, but 3 / 10 is. */
function multiple(count: number, { size }: Step): number {
  return size < 1 ? count / Math.round(1 / size) : count * size;
}

/** With as many digits as the step needs; very large and very small numbers with an exponent. */
function linearLabel(value: number, exponent: number, all: readonly number[]): string {
  if (value === 0) return '0';
  const largest = Math.max(...all.map(Math.abs));
  if (largest < 1e6 && exponent >= -6) return minus(value.toFixed(Math.max(0, -exponent)));
  const digits = Math.max(0, Math.floor(Math.log10(Math.abs(value)) + 1e-9) - exponent);
  return minus(value.toExponential(Math.min(digits, 20)).replace('+', ''));
}

/** Powers of ten as the field writes them: 1e-4, and 1, 10, 100 … in full. */
function powerLabel(value: number): string {
  if (value < 1 || value >= 1e6) return value.toExponential(0).replace('+', '');
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function minus(text: string): string {
  return text.replace(/^-/, '−');
}
