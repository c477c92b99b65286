import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { type OptionNames, requireKnownOptions } from '@cf/core';
import type { PictureIdentity } from '../collection/open-collection.ts';
import { UnreadableImageError } from '../errors.ts';
import { decodeFound, pictureSize, withPicture } from '../image/decode.ts';
import { mapLimited } from '../map-limited.ts';
import { type ImageProblem, imageProblem } from '../problem.ts';
import { type PictureSource, pictureName, sourceOf } from '../source/picture-source.ts';
import { likeness } from './likeness.ts';
import { differenceHash, HASHED, HashTable, mirroredHash } from './picture-hash.ts';

/** What pictures are, and which of them are the same. */
export interface PictureInspection {
  readonly identities: number;
  readonly pictures: number;
  /** Pictures of each identity, unreadable ones too, in the order of the identities. */
  readonly perIdentity: readonly number[];
  /** The commonest first. */
  readonly sizes: readonly { readonly width: number; readonly height: number; readonly pictures: number }[];
  readonly formats: Readonly<Record<string, number>>;
  /** Bytes of all pictures, encoded. */
  readonly bytes: number;
  /** Pictures that can't be read. */
  readonly problems: readonly ImageProblem[];
  /** Pictures that two identities have: the same bytes, or nearly the same to look at. */
  readonly shared: readonly SharedPicture[];
  /** Whether there are more of them. */
  readonly moreShared: boolean;
  /** Pictures whose bytes another one of the same identity has. */
  readonly repeated: number;
}

/** A picture that two identities have. */
export interface SharedPicture {
  readonly kind: 'same bytes' | 'nearly the same';
  readonly a: NamedPicture;
  readonly b: NamedPicture;
  /** Correlation of their grey values at 32×32 pixels; 1 where they are the same. */
  readonly likeness: number;
  /** One is like the mirror image of the other. */
  readonly mirrored?: true;
}

export interface NamedPicture {
  readonly identity: string;
  readonly picture: string;
}

export interface InspectOptions {
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** Shared pictures that are listed. */
const MOST_SHARED = 1000;
/** Pairs of pictures that are looked at once more, for hashes alone say too much. */
const MOST_CANDIDATES = 20_000;
/** Likeness of two pictures that are one: other compression, size and brightness leave more. */
const LEAST_LIKENESS = 0.97;

const OPTIONS: OptionNames<InspectOptions> = { onProgress: true, signal: true };

/** Reads all pictures of some people, and finds those that several of them have. */
export async function inspectPictures(
  people: readonly PictureIdentity[],
  options: InspectOptions = {},
): Promise<PictureInspection> {
  requireKnownOptions('inspectPictures', options, OPTIONS);
  const { onProgress, signal } = options;
  const pictures = people.flatMap(({ files }) => files);
  const owners = Uint32Array.from(people.flatMap(({ files }, owner) => files.map(() => owner)));
  const gathered = new Gathered(pictures.length);
  let done = 0;
  await mapLimited(pictures, availableParallelism(), async (picture, index) => {
    signal?.throwIfAborted();
    await gathered.add(index, sourceOf(picture));
    onProgress?.(++done);
  });
  const { shared, more, repeated } = await findShared(gathered, { people, pictures, owners }, signal);
  return {
    identities: people.length,
    pictures: pictures.length,
    perIdentity: people.map(({ files }) => files.length),
    ...gathered.summary(),
    shared,
    moreShared: more,
    repeated,
  };
}

/** What is kept of each picture: twenty-four bytes. */
class Gathered {
  /** Hashes of the pictures, and behind them those of their mirror images: [2·2·N]. */
  readonly halves: Uint32Array;
  /** The first eight bytes of a hash of the content; 0 for what can't be read. */
  readonly contents: BigUint64Array;
  readonly #sizes = new Map<string, { width: number; height: number; pictures: number }>();
  readonly #formats = new Map<string, number>();
  readonly #problems = new Map<number, ImageProblem>();
  #bytes = 0;

  constructor(count: number) {
    this.halves = new Uint32Array(4 * count);
    this.contents = new BigUint64Array(count);
  }

  async add(index: number, source: PictureSource): Promise<void> {
    try {
      await withPicture(source, true, async (found) => {
        const { width, height } = await pictureSize(found);
        const grey = await decodeFound(source, found, HASHED);
        this.halves.set(differenceHash(grey), 2 * index);
        this.halves.set(mirroredHash(grey), this.halves.length / 2 + 2 * index);
        this.contents[index] = createHash('sha256').update(found.bytes).digest().readBigUInt64LE();
        const key = `${width}×${height}`;
        const size = this.#sizes.get(key) ?? { width, height, pictures: 0 };
        size.pictures++;
        this.#sizes.set(key, size);
        const format = found.format ?? 'pixels';
        this.#formats.set(format, (this.#formats.get(format) ?? 0) + 1);
        this.#bytes += found.bytes.length;
      });
    } catch (error) {
      if (!(error instanceof UnreadableImageError)) throw error;
      this.#problems.set(index, imageProblem(error.kind, error.path, error.reason));
    }
  }

  isReadable(index: number): boolean {
    return !this.#problems.has(index);
  }

  summary(): Pick<PictureInspection, 'sizes' | 'formats' | 'bytes' | 'problems'> {
    return {
      sizes: [...this.#sizes.values()].sort((a, b) => b.pictures - a.pictures),
      formats: Object.fromEntries([...this.#formats].sort(([, a], [, b]) => b - a)),
      bytes: this.#bytes,
      problems: [...this.#problems].sort(([a], [b]) => a - b).map(([, problem]) => problem),
    };
  }
}

interface Owned {
  readonly people: readonly PictureIdentity[];
  readonly pictures: readonly (string | PictureSource)[];
  /** Whose each picture is: [N]. */
  readonly owners: Uint32Array;
}

async function findShared(
  gathered: Gathered,
  { people, pictures, owners }: Owned,
  signal: AbortSignal | undefined,
): Promise<{ readonly shared: readonly SharedPicture[]; readonly more: boolean; readonly repeated: number }> {
  const named = (index: number): NamedPicture => ({
    identity: people[owners[index]!]!.name,
    picture: pictureName(pictures[index]!),
  });
  const shared: SharedPicture[] = [];
  const { contents } = gathered;
  const first = new Map<bigint, number>();
  let [repeated, more] = [0, false];
  const keep = (one: Pick<SharedPicture, 'kind' | 'likeness' | 'mirrored'>, a: number, b: number): void => {
    if (shared.length < MOST_SHARED) shared.push({ ...one, a: named(a), b: named(b) });
    else more = true;
  };
  for (const [index, content] of contents.entries()) {
    if (!gathered.isReadable(index)) continue;
    const before = first.get(content);
    if (before === undefined) first.set(content, index);
    else if (owners[before] === owners[index]) repeated++;
    else keep({ kind: 'same bytes', likeness: 1 }, before, index);
  }
  // Of pictures with the same bytes only the first is compared further.
  const counts = (index: number): boolean =>
    gathered.isReadable(index) && first.get(contents[index]!) === index;
  const wanted = (a: number, b: number): boolean => owners[a] !== owners[b] && counts(a) && counts(b);
  const count = pictures.length;
  const known = new Set<number>();
  const compare = async (near: Iterable<readonly [number, number]>, isMirrored: boolean): Promise<void> => {
    let looked = 0;
    for (const [a, other] of near) {
      signal?.throwIfAborted();
      more ||= looked >= MOST_CANDIDATES;
      if (more) break;
      const b = other % count;
      // Pictures that are symmetric themselves.
      if (known.has(a * count + b)) continue;
      looked++;
      const like = await likeness(sourceOf(pictures[a]!), sourceOf(pictures[b]!), isMirrored);
      if (like < LEAST_LIKENESS) continue;
      known.add(a * count + b);
      keep({ kind: 'nearly the same', likeness: like, ...(isMirrored && { mirrored: true }) }, a, b);
    }
  };
  await compare(new HashTable(gathered.halves.subarray(0, 2 * count)).near(wanted), false);
  // The one that comes first as it is, the other one's mirror image.
  const isOfMirrors = (a: number, b: number): boolean => b >= count && a < b - count && wanted(a, b - count);
  await compare(new HashTable(gathered.halves).near(isOfMirrors), true);
  return { shared, more, repeated };
}
