/**
 * Hashes a text to four 32-bit integers, never all zero (the one state that a xoroshiro generator can't leave).
 *
 * Four multiply-and-rotate lanes with different constants, mixed with one another and finalised so that
 * every bit of the text moves every bit of the result. Not for cryptography.
 */
export function hash128(text: string): [number, number, number, number] {
  let a = 0x9e3779b9 ^ text.length;
  let b = 0x85ebca6b;
  let c = 0xc2b2ae35;
  let d = 0x27d4eb2f;
  for (let position = 0; position < text.length; position++) {
    const unit = text.charCodeAt(position);
    a = rotate(Math.imul(a ^ unit, 0xcc9e2d51), 13) + b;
    b = rotate(Math.imul(b ^ unit, 0x1b873593), 15) + c;
    c = rotate(Math.imul(c ^ unit, 0x7feb352d), 17) + d;
    d = rotate(Math.imul(d ^ unit, 0x846ca68b), 19) + a;
  }
  for (let round = 0; round < 3; round++) {
    a = finalise(a + d);
    b = finalise(b ^ a);
    c = finalise(c + b);
    d = finalise(d ^ c);
  }
  return (a | b | c | d) === 0 ? [1, 0, 0, 0] : [a, b, c, d];
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** A bijection of 32-bit integers in which every input bit flips each output bit about half of the time. */
function finalise(value: number): number {
  value ^= value >>> 16;
  value = Math.imul(value, 0x7feb352d);
  value ^= value >>> 15;
  value = Math.imul(value, 0x846ca68b);
  return value ^ (value >>> 16);
}
