import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a machine lacks that a run needs. */
export interface Absent {
  readonly absent: string;
}

/** The driver that Debian's Chromium brings: it computes on the processor. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/**
 * Some work in a process that has an adapter for WebGPU: the machine's own, otherwise SwiftShader.
 *
 * @param work starts the process with an environment beside its own; native libraries read it as they load
 * @returns what the machine lacks, where there is no adapter
 */
export async function onAdapter<T>(
  work: (environment: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T | Absent> {
  // SwiftShader asks for such a folder; it is gone only when the process is.
  const folder = await mkdtemp(join(tmpdir(), 'cf-webgpu-'));
  process.once('exit', () => void rm(folder, { recursive: true, force: true }));
  const swiftShader = { VK_ICD_FILENAMES: SWIFTSHADER, XDG_RUNTIME_DIR: folder };
  const own = work({});
  try {
    return await (existsSync(SWIFTSHADER) ? own.catch(() => work(swiftShader)) : own);
  } catch (error) {
    if (!/E_BACKEND/.test(String(error))) throw error;
    return { absent: `an adapter for WebGPU: ${error}` };
  }
}
