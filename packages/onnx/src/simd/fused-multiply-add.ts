import { FunctionWriter } from './function-writer.ts';
import { wasmModule } from './wasm-module.ts';

let known: boolean | undefined;

/**
 * Whether WebAssembly has products and sums in one instruction here (relaxed SIMD; Node 22 and later), which rounds once.
 * The bits that a kernel gives depend on it.
 */
export function hasFusedMultiplyAdd(): boolean {
  if (known === undefined) {
    const writer = new FunctionWriter(0, { fused: true });
    const zeros = writer.zeros();
    writer.multiplyAdd(zeros, zeros, zeros);
    known = WebAssembly.validate(wasmModule({ probe: writer }));
  }
  return known;
}
