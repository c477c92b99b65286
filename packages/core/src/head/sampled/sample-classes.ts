import { createRandom, type Random } from '../../random/random.ts';
import { lowerBound } from '../phases/gradient-rows.ts';

/** How many classes a batch sees. */
export interface ClassRate {
  /** Share of all classes, in (0, 1]; or */
  readonly rate?: number | undefined;
  /** a number of them. */
  readonly count?: number | undefined;
  readonly seed: number;
}

/** Classes that stand together, such as those of a shard: from the first to before the last. */
export interface ClassRange {
  readonly from: number;
  readonly to: number;
}

/** The classes of a batch. */
export interface SampledClasses {
  /** Those of the range that the batch sees, rising. */
  readonly ids: Int32Array;
  /** Those among them that samples are of, rising. */
  readonly positives: Int32Array;
  /** How many classes, of all, no sample is of. */
  readonly others: number;
  /** How many of these were drawn. */
  readonly drawn: number;
}

/** Classes in a row that are drawn from one stream. Of no shard: what is drawn does not depend on where they lie. */
const BLOCK = 4096;

/**
 * The classes of a batch, and others drawn without replacement until there are enough of them: positives always, however many
 * (An et al. 2021, Partial FC, section 3.2). The same seed and step draw the same.
 *
 * The draw is systematic over blocks of neighbours: each has its share of the negatives, to a whole number with a start drawn
 * anew in each step, and draws them from a stream of its own. So each class is drawn equally often, and a shard
 * finds its part of the draw by itself: all parts together are the draw of the whole.
 *
 * @param labels [B], among all classes; −1 is passed over. @param classes C, of all shards
 * @param step training steps before this one. @param range of the classes that are asked for. Default: all
 */
export function sampleClasses(
  labels: ArrayLike<number>,
  classes: number,
  { rate, count, seed }: ClassRate,
  step: number,
  { from, to }: ClassRange = { from: 0, to: classes },
): SampledClasses {
  const positives = distinct(labels);
  const wanted = Math.min(classes, Math.max(positives.length, count ?? Math.round(rate! * classes)));
  const others = classes - positives.length;
  const drawn = wanted - positives.length;
  const random = createRandom(seed).fork(`classes of step ${step}`);
  const drawnBefore = systematic(others, drawn, random.uniform());
  const positivesBefore = (id: number): number => lowerBound(positives, id);
  const out = new IdList(from, to);
  for (let block = Math.floor(from / BLOCK); block * BLOCK < to; block++) {
    const first = block * BLOCK;
    const end = Math.min(classes, first + BLOCK);
    const own = positives.subarray(positivesBefore(first), positivesBefore(end));
    const negatives = drawnBefore(end - positivesBefore(end)) - drawnBefore(first - positivesBefore(first));
    if (negatives > 0) out.addAll(first, drawInBlock(own, { first, end }, negatives, random.fork(block)));
    else for (const id of own) out.add(id);
  }
  return {
    ids: out.ids(),
    positives: positives.slice(positivesBefore(from), positivesBefore(to)),
    others,
    drawn,
  };
}

function distinct(labels: ArrayLike<number>): Int32Array {
  const own = new Set<number>();
  for (let i = 0; i < labels.length; i++) if (labels[i]! >= 0) own.add(labels[i]!);
  return Int32Array.from(own).sort();
}

/**
 * How many of the first places are drawn where `drawn` of `others` are, at equal distances from a start in [0, 1) of one of
 * them: as often as drawn/others of each place, in the mean, and all of them in the end. In whole numbers.
 */
function systematic(others: number, drawn: number, start: number): (places: number) => number {
  if (others === 0) return () => 0;
  const [all, offset] = [BigInt(others), BigInt(Math.floor(start * others))];
  return (places) => Number((BigInt(drawn) * BigInt(places) + offset) / all);
}

/** What a class of a block is. */
const [OTHER, POSITIVE, DRAWN] = [0, 1, 2];

/** Which classes of a block a batch sees: 1 for each. */
function drawInBlock(
  positives: Int32Array,
  { first, end }: { readonly first: number; readonly end: number },
  negatives: number,
  random: Random,
): Uint8Array {
  const length = end - first;
  const marks = new Uint8Array(length);
  for (const id of positives) marks[id - first] = POSITIVE;
  const others = length - positives.length;
  // Those that are drawn, or those that are left out, whichever are fewer.
  const drawsIn = negatives <= others / 2;
  for (let left = drawsIn ? negatives : others - negatives; left > 0; ) {
    const at = Math.floor(random.uniform() * length);
    if (marks[at] !== OTHER) continue;
    marks[at] = DRAWN;
    left--;
  }
  return marks.map((mark) => Number(drawsIn ? mark !== OTHER : mark !== DRAWN));
}

/** Ids of a range, as they come. */
class IdList {
  readonly #from: number;
  readonly #to: number;
  #ids = new Int32Array(64);
  #length = 0;

  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  add(id: number): void {
    if (id < this.#from || id >= this.#to) return;
    if (this.#length === this.#ids.length) {
      const longer = new Int32Array(2 * this.#length);
      longer.set(this.#ids);
      this.#ids = longer;
    }
    this.#ids[this.#length++] = id;
  }

  /** @param marks 1 for each that is added, from `first` on */
  addAll(first: number, marks: Uint8Array): void {
    for (let at = 0; at < marks.length; at++) if (marks[at] === 1) this.add(first + at);
  }

  ids(): Int32Array {
    return this.#ids.slice(0, this.#length);
  }
}
