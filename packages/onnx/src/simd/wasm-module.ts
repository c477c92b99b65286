import { unsigned } from './encoding.ts';
import type { FunctionWriter } from './function-writer.ts';

const I32 = 0x7f;

/** All that 32-bit addresses reach, in pages of 64 KiB: the most that a shared memory says it may become. */
export const MOST_PAGES = 65_536;

/**
 * A WebAssembly module (binary format, version 1, with fixed-width SIMD) that imports `env.memory` and exports the given
 * functions, which take i32 parameters and return nothing.
 *
 * @param shared whether the memory is one that threads share.
 */
export function wasmModule(
  functions: Readonly<Record<string, FunctionWriter>>,
  shared: boolean = false,
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(functions);
  const types = entries.map(([, { parameters }]) => [0x60, ...vector(Array(parameters).fill([I32])), 0]);
  const indices = entries.map((_, index) => unsigned(index));
  // At least one page, and no most unless it is shared.
  const limits = shared ? [0x03, 1, ...unsigned(MOST_PAGES)] : [0x00, 1];
  const memory = [...text('env'), ...text('memory'), 0x02, ...limits];
  const exports = entries.map(([name], index) => [...text(name), 0x00, ...unsigned(index)]);
  const bodies = entries.map(([, writer]) => sized(writer.encode()));
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector([memory])),
    ...section(3, vector(indices)),
    ...section(7, vector(exports)),
    ...section(10, vector(bodies)),
  ]);
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...sized(content)];
}

function sized(content: readonly number[]): number[] {
  return [...unsigned(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  return sized([...new TextEncoder().encode(value)]);
}
