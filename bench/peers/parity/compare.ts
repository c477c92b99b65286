import type { NamedTensors } from './tensor-file.ts';

/** How far apart the gradients of one parameter are, as shares of its scale. */
export interface GradientAgreement {
  readonly name: string;
  /** Largest entry of the exact gradient, or where that cancels out, of the exact gradients of its layer. */
  readonly scale: number;
  /** The exact gradient is zero but for rounding: a normalisation takes away what the parameter adds. */
  readonly cancels: boolean;
  /** Largest |ours − peer| / scale. */
  readonly largest: number;
  /** ‖ours − peer‖ / ‖exact‖; where that cancels out, `largest`. */
  readonly norm: number;
  /** Largest |peer − exact| / scale: what the peer itself loses to float32. */
  readonly peerRounding: number;
  /** Largest |ours − exact| / scale. */
  readonly ownRounding: number;
}

/** Below this share of its layer's gradients, a gradient in float64 is nothing but rounding. */
const CANCELLED = 1e-9;

/**
 * Compares float32 gradients of two implementations, parameter by parameter, with those in float64 as the scale.
 *
 * @throws Error if they do not have the same parameters
 */
export function compareGradients(
  ours: NamedTensors,
  peer: NamedTensors,
  exact: NamedTensors,
): readonly GradientAgreement[] {
  const names = [...exact.keys()].sort();
  for (const tensors of [ours, peer]) {
    const others = [...tensors.keys()].sort();
    if (`${others}` !== `${names}`) throw new Error(`parameters ${others}, expected ${names}`);
  }
  return [...ours.keys()].map((name) => {
    const numbers = (tensors: NamedTensors): ArrayLike<number> => tensors.get(name)!.data as Float64Array;
    const [a, b, truth] = [numbers(ours), numbers(peer), numbers(exact)];
    if (a.length !== b.length) throw new Error(`${name}: ${a.length} numbers, expected ${b.length}`);
    const own = largestOf(truth);
    const layer = layerScale(name, exact);
    const cancels = own < CANCELLED * layer;
    const scale = cancels ? layer : own;
    const largest = largestOf(difference(a, b)) / scale;
    return {
      name,
      scale,
      cancels,
      largest,
      norm: cancels ? largest : normOf(difference(a, b)) / normOf(truth),
      peerRounding: largestOf(difference(b, truth)) / scale,
      ownRounding: largestOf(difference(a, truth)) / scale,
    };
  });
}

/** One step of two loss curves. */
export interface CurvePoint {
  /** From 1. */
  readonly step: number;
  readonly ours: number;
  readonly peer: number;
  /** |ours − peer|. */
  readonly difference: number;
  /** Largest |perturbed − peer| of any run up to this step. */
  readonly envelope: number;
}

/**
 * Compares a loss curve with the peer's and with what the peer does when its first weights are one ulp away. The
 * envelope never shrinks: that perturbed curves cross the peer's says nothing of how far apart the runs are.
 */
export function compareCurves(
  ours: readonly number[],
  peer: readonly number[],
  perturbed: readonly (readonly number[])[],
): readonly CurvePoint[] {
  let envelope = 0;
  return peer.map((loss, i) => {
    for (const run of perturbed) envelope = Math.max(envelope, Math.abs(run[i]! - loss));
    const difference = Math.abs(ours[i]! - loss);
    return { step: i + 1, ours: ours[i]!, peer: loss, difference, envelope };
  });
}

/** Largest entry of the gradients of a layer's parameters, as of `bn1.weight` and `bn1.bias`. */
function layerScale(name: string, exact: NamedTensors): number {
  const layer = name.slice(0, name.lastIndexOf('.') + 1);
  const members = [...exact].filter(([other]) => other.slice(0, other.lastIndexOf('.') + 1) === layer);
  return Math.max(...members.map(([, { data }]) => largestOf(data as Float64Array)));
}

function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    // Math.max keeps a NaN; a comparison would lose it.
    largest = Math.max(largest, Math.abs(values[i]!));
  }
  return largest;
}

function normOf(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2;
  return Math.sqrt(squares);
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i]! - b[i]!;
  return out;
}
