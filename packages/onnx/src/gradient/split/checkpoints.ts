import { graphOf } from '../../model/model.ts';
import { readValues } from '../../model/read-values.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import { isCheap } from './recomputation.ts';
import { bytesOf, type JointGraph, savedValues } from './saved-values.ts';

/** Bytes of what can't be kept, since its type is not known. */
const TOO_LARGE = 1e15;

/** How many bounds of a stretch's size are tried. */
const BOUNDS = 32;

/**
 * Chooses the values to keep where the way back computes the others again, stretch by stretch of the network (Chen et
 * al. 2016, Training deep nets with sublinear memory cost). Kept is all that crosses from one stretch to the next: at
 * those places of the graph where the sum of what is kept and the most that one stretch holds is least, in bytes. For a
 * chain of n equal layers that is about √n places.
 */
export function checkpoints(joint: JointGraph): readonly string[] {
  const nodes = graphOf(joint.model).node.slice(0, joint.ownNodes);
  const table = new ValueTable(joint.model);
  const size = (name: string): number => Math.min(bytesOf(table, name), TOO_LARGE);
  const held = new Set(savedValues(joint, isCheap));
  const lastRead = new Map<string, number>();
  nodes.forEach((node, i) => {
    for (const name of readValues(node)) lastRead.set(name, i);
  });
  // Bytes that cross behind each node, and that the way back holds of the nodes up to it.
  const crossing = new Array<number>(nodes.length + 1).fill(0);
  const heldUpTo: number[] = [];
  nodes.forEach(({ output }, i) => {
    heldUpTo.push(heldUpTo.at(-1) ?? 0);
    for (const name of output) {
      if (held.has(name)) heldUpTo[i]! += size(name);
      const end = lastRead.get(name) ?? i;
      if (end <= i) continue;
      const bytes = size(name);
      crossing[i]! += bytes;
      crossing[end]! -= bytes;
    }
  });
  for (let i = 1; i < crossing.length; i++) crossing[i]! += crossing[i - 1]!;
  const places = cheapestPlaces(crossing.slice(0, nodes.length), heldUpTo);
  const names = nodes.flatMap(({ output }, i) =>
    output.filter((name) => places.some((place) => place >= i && place < (lastRead.get(name) ?? i))),
  );
  return names.filter((name) => name !== '');
}

/** Indices of the nodes behind which the network is cut. */
function cheapestPlaces(crossing: readonly number[], heldUpTo: readonly number[]): readonly number[] {
  const total = heldUpTo.at(-1) ?? 0;
  const isLow = (at: number): boolean =>
    crossing[at]! <= (crossing[at - 1] ?? Infinity) && crossing[at]! <= (crossing[at + 1] ?? Infinity);
  const candidates = [...crossing.keys()].slice(0, -1).filter((at) => isLow(at) && crossing[at]! > 0);
  let best: { readonly bytes: number; readonly places: readonly number[] } = { bytes: total, places: [] };
  for (let step = 1; step < BOUNDS; step++) {
    const bound = (total * step) / BOUNDS;
    const chosen = fewestBytes(candidates, { crossing, heldUpTo, bound });
    if (chosen !== undefined && chosen.bytes + bound < best.bytes)
      best = { bytes: chosen.bytes + bound, places: chosen.places };
  }
  return best.places;
}

interface Stretches {
  readonly crossing: readonly number[];
  readonly heldUpTo: readonly number[];
  /** The most bytes of a stretch. */
  readonly bound: number;
}

/** The places of fewest bytes between which no stretch holds more than the bound; undefined where there are none. */
function fewestBytes(
  candidates: readonly number[],
  { crossing, heldUpTo, bound }: Stretches,
): { readonly bytes: number; readonly places: readonly number[] } | undefined {
  const upTo = (at: number | undefined): number => (at === undefined ? 0 : heldUpTo[at]!);
  // Of the stretches up to each candidate, and at last to the end: the fewest bytes, and where the last of them begins.
  const best: { readonly bytes: number; readonly before: number }[] = [];
  const ends = [...candidates, heldUpTo.length - 1];
  for (const [i, at] of ends.entries()) {
    let [bytes, before] = [upTo(at) <= bound ? 0 : Infinity, -1];
    for (let j = i - 1; j >= 0 && upTo(at) - upTo(ends[j]) <= bound; j--)
      if (best[j]!.bytes < bytes) [bytes, before] = [best[j]!.bytes, j];
    best.push({ bytes: bytes + (i < candidates.length ? crossing[at]! : 0), before });
  }
  const { bytes, before } = best.at(-1)!;
  if (bytes === Infinity) return undefined;
  const places: number[] = [];
  for (let j = before; j >= 0; j = best[j]!.before) places.push(ends[j]!);
  return { bytes, places };
}
