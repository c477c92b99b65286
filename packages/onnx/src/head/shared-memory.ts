import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { probeModel, type SessionOpener } from '../runtime/sessions.ts';
import { threadsModule } from './sweep-threads.ts';

/**
 * Whether this is Node with threads, and the runtime reads and writes memory that threads share, found out with a run of a tiny
 * model: the interface for native modules of Node 20 refuses such memory.
 */
export async function takesSharedMemory(runtime: OnnxRuntime, opener: SessionOpener): Promise<boolean> {
  if (threadsModule() === undefined || opener.outputs === 'copied') return false;
  const session = await opener.open(probeModel());
  const numbers = new Float32Array(new SharedArrayBuffer(2 * Float32Array.BYTES_PER_ELEMENT));
  const tensor = (at: number): InstanceType<OnnxRuntime['Tensor']> =>
    new runtime.Tensor('float32', numbers.subarray(at, at + 1), [1]);
  numbers[0] = 1;
  try {
    await session.run({ x: tensor(0) }, { y: tensor(1) });
    return numbers[1] === -1;
  } catch {
    return false;
  } finally {
    await session.release();
  }
}
