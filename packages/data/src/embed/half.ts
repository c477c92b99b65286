const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The nearest float16 of each number, of two as near the even one (IEEE 754): its bits. Beyond ±65,504 infinite. */
export function toHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(values, toHalf);
}

function toHalf(value: number): number {
  float[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const size = Math.abs(float[0]!);
  if (Number.isNaN(size)) return sign | 0x7e00;
  // 65,520 lies halfway to what would come next.
  if (size >= 65_520) return sign | 0x7c00;
  // Below 2⁻¹⁴ steps are of 2⁻²⁴; above, of a 1,024th of the power of two below.
  const exponent = size < 2 ** -14 ? -14 : ((bits[0]! >>> 23) & 0xff) - 127;
  const steps = roundToEven(size * 2 ** (10 - exponent));
  // What is rounded up to the next power of two counts on into it.
  return sign | (size < 2 ** -14 ? steps : ((exponent + 15) << 10) + steps - 1024);
}

function roundToEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

/** The numbers that float16 bits stand for. */
export function fromHalves(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, fromHalf);
}

function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const [exponent, steps] = [(half >>> 10) & 0x1f, half & 0x3ff];
  if (exponent === 0x1f) return steps === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * steps * 2 ** -24 : sign * (1024 + steps) * 2 ** (exponent - 25);
}
