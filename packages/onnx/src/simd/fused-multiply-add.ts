import { FunctionWriter } from './function-writer.ts';
import { wasmModule } from './wasm-module.ts';

let known: boolean | undefined;

/**
 * Whether WebAssembly has products and sums in one instruction here (relaxed SIMD; Node 22 and later) that rounds once, as
 * it does where the processor has one. The bits that a kernel gives depend on it.
 */
export function hasFusedMultiplyAdd(): boolean {
  known ??= roundsOnce();
  return known;
}

/** (1 + ε)² − (1 + 2ε) is ε², and 0 where the square is rounded first. */
function roundsOnce(): boolean {
  const epsilon = 2 ** -12;
  const writer = new FunctionWriter(1, { fused: true });
  const factor = writer.floats(1 + epsilon);
  writer.store(writer.parameter(0), writer.multiplyAdd(factor, factor, writer.floats(-1 - 2 * epsilon)));
  const bytes = wasmModule({ probe: writer });
  if (!WebAssembly.validate(bytes)) return false;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  (exports.probe as (address: number) => void)(0);
  return new Float32Array(memory.buffer)[0] === epsilon ** 2;
}
