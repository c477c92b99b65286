/** Decoded pictures in memory that threads share: the first that fit stay, for as long as there are readers. */
export interface KeptPictures {
  /** Bytes a picture. */
  readonly size: number;
  /** Pictures that fit. */
  readonly capacity: number;
  /** Where each picture lies; below 0 where it is not kept: `[N]`. */
  readonly slots: Int32Array<SharedArrayBuffer>;
  /** How many places are taken or wanted: `[1]`. */
  readonly taken: Int32Array<SharedArrayBuffer>;
  /** Places, in pieces that an array can hold. */
  readonly pieces: readonly Uint8Array<SharedArrayBuffer>[];
}

const [NONE, BEING_WRITTEN] = [-1, -2];
const LARGEST_PIECE = 2 ** 30;

/** Room for as many of N pictures as fit into `maxBytes`; the system gives memory when it is written to. */
export function roomFor(count: number, size: number, maxBytes: number): KeptPictures {
  const capacity = Math.max(0, Math.min(count, Math.floor(maxBytes / size)));
  const ofPiece = Math.max(1, Math.floor(LARGEST_PIECE / size));
  const pieces: Uint8Array<SharedArrayBuffer>[] = [];
  for (let from = 0; from < capacity; from += ofPiece)
    pieces.push(new Uint8Array(new SharedArrayBuffer(size * Math.min(ofPiece, capacity - from))));
  const slots = new Int32Array(new SharedArrayBuffer(4 * count)).fill(NONE);
  return { size, capacity, slots, taken: new Int32Array(new SharedArrayBuffer(4)), pieces };
}

/** How many pictures lie in memory. */
export function keptCount({ taken, capacity }: KeptPictures): number {
  return Math.min(capacity, Atomics.load(taken, 0));
}

/** The bytes of a picture that is kept. */
export function keptPixels(kept: KeptPictures, index: number): Uint8Array | undefined {
  const slot = Atomics.load(kept.slots, index);
  return slot < 0 ? undefined : placeOf(kept, slot);
}

/** Keeps a picture where there is room, and nobody has kept it or is about to. @returns whether it is kept now */
export function keepPicture(kept: KeptPictures, index: number, pixels: Uint8Array): boolean {
  const { slots, taken, capacity } = kept;
  if (Atomics.load(taken, 0) >= capacity) return Atomics.load(slots, index) >= 0;
  if (Atomics.compareExchange(slots, index, NONE, BEING_WRITTEN) !== NONE) return true;
  const slot = Atomics.add(taken, 0, 1);
  if (slot < capacity) placeOf(kept, slot).set(pixels);
  Atomics.store(slots, index, slot < capacity ? slot : NONE);
  return slot < capacity;
}

function placeOf({ size, pieces }: KeptPictures, slot: number): Uint8Array {
  const ofPiece = Math.max(1, Math.floor(LARGEST_PIECE / size));
  const from = (slot % ofPiece) * size;
  return pieces[Math.floor(slot / ofPiece)]!.subarray(from, from + size);
}
