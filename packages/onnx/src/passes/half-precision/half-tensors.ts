import { OnnxGraphError } from '../../errors.ts';
import { ELEMENTS } from '../../model/element-type.ts';
import { toBfloat16, toFloat16 } from '../../model/half-float.ts';
import type { TensorProtoValue } from '../../model/model.ts';
import { readTensor } from '../../model/tensor.ts';
import { withFields } from '../../model/with-fields.ts';
import type { Note } from '../note.ts';

/** Types of half as many bits as float32. */
export type HalfType = 'float16' | 'bfloat16';

/** The largest number of float16, and where rounding to infinity begins. */
const LARGEST = 65504;
const OVERFLOW = 65520;
const SMALLEST = 2 ** -24;

/** Rounds constants, and keeps what does not fit. */
export class HalfTensors {
  readonly #type: HalfType;
  readonly #refused: string[] = [];
  readonly #bounded: string[] = [];
  readonly #raised: string[] = [];

  constructor(type: HalfType) {
    this.#type = type;
  }

  /**
   * A float32 constant in half precision. A mask's −10⁹, or a bound such as the largest float32, becomes ±65504; a single
   * number that would round to 0, such as what keeps a quotient finite, becomes 2⁻²⁴.
   */
  half(tensor: TensorProtoValue, name: string): TensorProtoValue {
    const numbers = readTensor(tensor).data as Float32Array;
    const bits = this.#type === 'bfloat16' ? this.#brain(numbers, name) : this.#float16(numbers, name);
    return withFields(tensor, {
      dataType: ELEMENTS[this.#type].code,
      rawData: new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength),
      floatData: [],
    });
  }

  #brain(numbers: Float32Array, name: string): Uint16Array<ArrayBuffer> {
    const bits = toBfloat16(numbers);
    if (numbers.some((x, i) => Number.isFinite(x) && (bits[i]! & 0x7fff) === 0x7f80))
      this.#refused.push(`'${name}' (up to ${largest(numbers)})`);
    return bits;
  }

  #float16(numbers: Float32Array, name: string): Uint16Array<ArrayBuffer> {
    const isOver = (x: number): boolean => Number.isFinite(x) && Math.abs(x) >= OVERFLOW;
    if (numbers.length === 1 && numbers[0] !== 0 && Math.abs(numbers[0]!) <= SMALLEST / 2) {
      this.#raised.push(name);
      return toFloat16(Float32Array.of(Math.sign(numbers[0]!) * SMALLEST));
    }
    if (!numbers.some(isOver)) return toFloat16(numbers);
    const isMask = numbers.every((x) => x === 0 || x === Number.NEGATIVE_INFINITY || x <= -OVERFLOW);
    if (numbers.length === 1 || isMask) {
      this.#bounded.push(name);
      return toFloat16(numbers.map((x) => (isOver(x) ? Math.sign(x) * LARGEST : x)));
    }
    this.#refused.push(`'${name}' (up to ${largest(numbers)})`);
    return toFloat16(numbers);
  }

  /** @throws OnnxGraphError naming all constants that do not fit */
  throwIfAny(): void {
    if (this.#refused.length === 0) return;
    throw new OnnxGraphError(
      `numbers beyond ${this.#type} in ${this.#refused.join(', ')}`,
      this.#type === 'float16' ? `at most ${LARGEST} in every weight` : 'numbers that bfloat16 holds',
      this.#type === 'float16' ? 'export as bfloat16 or float32.' : 'export as float32.',
    );
  }

  notes(): readonly Note[] {
    const notes: Note[] = [];
    const note = (names: readonly string[], text: string): void => {
      if (names.length > 0) notes.push({ kind: 'half-precision', text, names });
    };
    note(this.#bounded, `${this.#bounded.length} masks and bounds beyond float16 are ±${LARGEST}.`);
    note(this.#raised, `${this.#raised.length} numbers that float16 would round to 0 are 2^-24.`);
    return notes;
  }
}

function largest(numbers: Float32Array): number {
  return numbers.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
}
