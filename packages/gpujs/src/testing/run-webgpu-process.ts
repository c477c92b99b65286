import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { webgpuEnvironment } from './node-webgpu.ts';

/** Runs a script of this folder in a process with WebGPU and parses its last line: null where there is no adapter. */
export async function runWebgpuProcess<T>(script: string): Promise<T | null> {
  const temporary = await mkdtemp(join(tmpdir(), 'cf-webgpu-'));
  try {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = spawn(process.execPath, [path], {
      env: { ...process.env, ...webgpuEnvironment(temporary) },
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    // How it ends tells nothing: Dawn may crash after the last line.
    await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
    const last = output.stdout.trim().split('\n').at(-1) ?? '';
    if (last === '') throw new Error(`${script} printed nothing:\n${output.stderr.slice(0, 4000)}`);
    return JSON.parse(last) as T;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
