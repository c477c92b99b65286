import { OptionOutOfRangeError } from './errors.ts';

/** What losses can be told whose formulas are defined beyond the published domains of their parameters. */
export interface UnsafeOption {
  /** Takes parameters outside their published domains too, wherever the formula is defined: for experiments. Default false. */
  readonly unsafe?: boolean;
}

/** An interval of finite numbers; a bound that is `open` does not belong to it, and an infinite one is none. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
  readonly open?: 'low' | 'high' | 'both';
}

/** Where a parameter may lie. */
export interface Domain {
  /** What the paper asks for, or allows by what it and its release use. */
  readonly published: Bounds;
  /** Where the formula is defined: what `unsafe` opens. Default: every finite number. */
  readonly defined?: Bounds;
  /** Written behind the bounds. */
  readonly unit?: string;
}

const { POSITIVE_INFINITY: ABOVE, NEGATIVE_INFINITY: BELOW } = Number;

/** Every finite number. */
const FINITE: Bounds = { low: BELOW, high: ABOVE };
/** Finite numbers > 0. */
export const POSITIVE: Bounds = { low: 0, high: ABOVE, open: 'low' };
/** Finite numbers ≥ 0. */
export const NON_NEGATIVE: Bounds = { low: 0, high: ABOVE };
/** A margin subtracted from a cosine: 0 ≤ m ≤ 2, the largest of CosFace's upper bounds C/(C − 1), that of two classes. */
export const COSINE_MARGIN: Domain = { published: { low: 0, high: 2 } };
/** A factor of an angle: 1 ≤ m ≤ 8, unsafe 0 < m ≤ 8; formulas are written up to 8. */
export const ANGLE_FACTOR: Domain = {
  published: { low: 1, high: 8 },
  defined: { low: 0, high: 8, open: 'low' },
};
/** A margin added to an angle: 0 ≤ m < π, unsafe −π < m < π. */
export const ANGULAR_MARGIN: Domain = {
  published: { low: 0, high: Math.PI, open: 'high' },
  defined: { low: -Math.PI, high: Math.PI, open: 'both' },
  unit: 'radians',
};

/**
 * Throws unless a parameter lies in its published domain; with `unsafe` it may lie wherever its formula is defined.
 *
 * @throws OptionOutOfRangeError
 */
export function requirePublished(
  option: string,
  value: number,
  { published, defined = FINITE, unit }: Domain,
  { unsafe = false }: UnsafeOption = {},
): void {
  const asked = unsafe === true ? defined : published;
  if (contains(asked, value)) return;
  const expected = `${describe(asked, option)}${unit === undefined ? '' : ` (${unit})`}`;
  if (contains(defined, value)) {
    throw new OptionOutOfRangeError(option, value, expected, asPublished(option));
  }
  const fix = `give ${option} in radians; 0.5 is the papers' usual value.`;
  throw new OptionOutOfRangeError(option, value, expected, unit === 'radians' ? fix : undefined);
}

/** What to do about a parameter outside its published domain, for whose formula it would do. */
export function asPublished(option: string): string {
  return `choose ${option} as published, or set unsafe to true for an experiment.`;
}

function contains({ low, high, open }: Bounds, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  const above = open === 'low' || open === 'both' ? value > low : value >= low;
  return above && (open === 'high' || open === 'both' ? value < high : value <= high);
}

function describe({ low, high, open }: Bounds, option: string): string {
  const [from, to] = [low, high].map((bound) => String(bound).replace(String(Math.PI), 'π'));
  if (high === ABOVE) {
    if (low === BELOW) return `a finite ${option}`;
    return `a finite ${option} ${open === 'low' ? '>' : '≥'} ${from}`;
  }
  if (low === BELOW) {
    const within = open === 'high' || open === 'both';
    return `a finite ${option} ${within ? '<' : '≤'} ${to}`;
  }
  const [below, above] = [open === 'low' || open === 'both', open === 'high' || open === 'both'];
  return `${from} ${below ? '<' : '≤'} ${option} ${above ? '<' : '≤'} ${to}`;
}
