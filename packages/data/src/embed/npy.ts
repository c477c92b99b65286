/** What the header of a `.npy` file says. */
export interface NpyHeader {
  /** Such as `<f4`. */
  readonly type: string;
  readonly shape: readonly number[];
  /** Column by column. */
  readonly isFortran: boolean;
  /** Bytes before the numbers. */
  readonly length: number;
}

/** Longest beginning of a file that is looked at. */
export const NPY_HEAD = 4096;
/** Of the headers that are written: room for any shape of two sides, and a multiple of 64, as NumPy aligns them. */
export const NPY_BYTES = 128;
const MAGIC = '\u0093NUMPY';

/** Whether a file begins as NumPy's. */
export function isNpy(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 6)).toString('latin1') === MAGIC;
}

/** The header of a file of numbers row by row, in NumPy's format 1.0; always of the same length. */
export function npyHeader(type: '<f4' | '<f2', shape: readonly [number, number]): Uint8Array {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape[0]}, ${shape[1]}), }`;
  const length = NPY_BYTES - 10;
  const prefix = `${MAGIC}\u0001\u0000${String.fromCharCode(length & 0xff, length >> 8)}`;
  return Buffer.from(`${prefix}${text.padEnd(length - 1)}\n`, 'latin1');
}

/** Reads the header that a file begins with. @throws Error that says what is wrong */
export function parseNpy(head: Uint8Array): NpyHeader {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const wide = head.length > 6 && head[6]! > 1;
  const start = wide ? 12 : 10;
  if (head.length < start) throw new Error('cut short in its header');
  const length = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (length > head.length) throw new Error(`a header of ${length} bytes`);
  const text = Buffer.from(head.subarray(start, length)).toString('latin1');
  const type = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const sides = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (type === undefined || order === undefined || sides === undefined)
    throw new Error('a header without descr, fortran_order and shape of plain numbers');
  const shape = sides
    .split(',')
    .filter((side) => side.trim() !== '')
    .map(Number);
  return { type, shape, isFortran: order === 'True', length };
}
