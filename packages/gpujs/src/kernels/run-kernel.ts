import { BackendError, reasonOf } from '@cf/core';
import type { RawKernel } from './open-kernel.ts';

/**
 * Runs a kernel in the mode that it was compiled for.
 *
 * @throws BackendError (`E_BACKEND`) if gpu.js refuses to run it, or has moved it to another mode
 */
export async function runKernel(
  kernel: RawKernel,
  name: string,
  mode: string,
  args: readonly unknown[],
): Promise<unknown> {
  let result: unknown;
  try {
    result = await kernel(...args);
  } catch (cause) {
    throw refused(name, mode, reasonOf(cause), cause);
  }
  const reason = kernel.fallbackReason ?? kernel.kernel?.fallbackReason;
  if (reason) throw refused(name, mode, reason);
  return result;
}

function refused(name: string, mode: string, reason: string, cause?: unknown): BackendError {
  return new BackendError(
    `kernel '${name}' in mode '${mode}' (${reason})`,
    'a kernel that this mode can run',
    "use smaller sizes, such as tileSize or batch, or mode 'cpu'.",
    cause,
  );
}
