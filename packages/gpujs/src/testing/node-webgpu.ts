import { existsSync } from 'node:fs';

/** The driver of Debian's Chromium, which computes on the CPU. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Environment for a process that uses the `webgpu` package where there is no GPU. */
export function webgpuEnvironment(temporary: string): Record<string, string> {
  return existsSync(SWIFTSHADER) ? { VK_ICD_FILENAMES: SWIFTSHADER, XDG_RUNTIME_DIR: temporary } : {};
}

/** Puts the `webgpu` package (Dawn) where gpu.js looks for WebGPU. False where there is no adapter. */
export async function installWebgpu(): Promise<boolean> {
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    Object.defineProperty(globalThis.navigator, 'gpu', { value: create([]), configurable: true });
    return (await navigator.gpu.requestAdapter()) !== null;
  } catch {
    return false;
  }
}
