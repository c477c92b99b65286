const FLOAT = new Float32Array(1);
const BITS: Uint32Array = new Uint32Array(FLOAT.buffer);

/** Numbers of IEEE half precision bit patterns; every one is a float32. */
export function fromFloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/** Half precision bit patterns, rounded to nearest, ties to even; beyond 65504 they round to infinity. */
export function toFloat16(numbers: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(numbers, (number) => {
    FLOAT[0] = number;
    const sign = (BITS[0]! >>> 16) & 0x8000;
    if (Number.isNaN(number)) return sign | 0x7e00;
    const size = Math.abs(number);
    if (size >= 65520) return sign | 0x7c00;
    // Both kinds of half are steps of one size; a fraction that rounds up to 1024 carries into the exponent.
    if (size < 2 ** -14) return sign | roundedToEven(size * 2 ** 24);
    const exponent = ((BITS[0]! >>> 23) & 0xff) - 127;
    return sign | (((exponent + 14) << 10) + roundedToEven(size * 2 ** (10 - exponent)));
  });
}

/** Numbers of bfloat16 bit patterns: the upper halves of float32. */
export function fromBfloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint32Array.from(bits, (half) => half << 16).buffer);
}

/** Bfloat16 bit patterns, rounded to nearest, ties to even. */
export function toBfloat16(numbers: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(numbers, (number) => {
    FLOAT[0] = number;
    const bits = BITS[0]!;
    if (Number.isNaN(number)) return (bits >>> 16) | 0x40;
    return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  });
}

function roundedToEven(number: number): number {
  const floor = Math.floor(number);
  const rest = number - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
