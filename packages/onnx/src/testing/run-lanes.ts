import { FunctionWriter, type Local } from '../simd/function-writer.ts';
import { wasmModule } from '../simd/wasm-module.ts';

/**
 * A function that is written four lanes wide, of each row of operands in float32.
 *
 * @param fused with products and sums in one instruction.
 */
export async function runLanes(
  write: (writer: FunctionWriter, ...operands: Local[]) => Local,
  rows: readonly (readonly number[])[],
  fused: boolean,
): Promise<number[]> {
  const width = rows[0]!.length;
  const writer = new FunctionWriter(1, { fused });
  const address = writer.parameter(0);
  const operands = Array.from({ length: width }, (_, at) => writer.load(address, at * 16));
  writer.store(address, write(writer, ...operands));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { instance } = await WebAssembly.instantiate(wasmModule({ run: writer }), { env: { memory } });
  const run = instance.exports.run as (address: number) => void;
  const view = new Float32Array(memory.buffer, 0, 4 * width);
  return rows.map((row) => {
    row.forEach((value, at) => {
      view.fill(value, 4 * at, 4 * at + 4);
    });
    run(0);
    if (view.subarray(1, 4).some((lane) => !Object.is(lane, view[0])))
      throw new Error(`lanes differ: ${view.subarray(0, 4)}`);
    return view[0]!;
  });
}

/** Largest error of a written function over float32: relative, or absolute where that is asked for or exactly 0 is due. */
export async function worstError(
  write: (writer: FunctionWriter, x: Local) => Local,
  exact: (x: number) => number,
  { values, fused, relative = true }: { values: readonly number[]; fused: boolean; relative?: boolean },
): Promise<number> {
  const actual = await runLanes(
    write,
    values.map((x) => [x]),
    fused,
  );
  const errors = values.map(Math.fround).map((x, k) => {
    const expected = exact(x);
    const error = Math.abs(actual[k]! - expected);
    return relative && expected !== 0 ? error / Math.abs(expected) : error;
  });
  // Math.max keeps NaN.
  return errors.reduce((max, error) => Math.max(max, error), 0);
}

/** `count` numbers from low to high, both included, evenly apart; by ratio, evenly in their logarithm. */
export function spread(
  low: number,
  high: number,
  count: number,
  by: 'step' | 'ratio' = 'step',
): readonly number[] {
  return Array.from({ length: count }, (_, k) => {
    const share = k / (count - 1);
    return by === 'step' ? low + (high - low) * share : low * (high / low) ** share;
  });
}
