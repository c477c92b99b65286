import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchModel, PeerReport, StepTimes } from './report.ts';

const SCRIPT = fileURLToPath(new URL('../../../../../bench/peers/backbone.py', import.meta.url));
const HOUR = 3_600_000;

/** Measures PyTorch on the same network and batch, if the repository's script and a Python with torch are here. */
export async function measurePeer(
  model: BenchModel,
  batch: number,
  threads: number,
  runs: number,
  python: string,
): Promise<PeerReport> {
  if (!existsSync(SCRIPT)) return { skipped: 'bench/peers/backbone.py is part of the repository only' };
  const run = promisify(execFile);
  try {
    await run(python, ['-c', 'import torch']);
  } catch {
    return { skipped: `${python} has no torch` };
  }
  const flags = { model, batch, threads, runs };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  try {
    const { stdout } = await run(python, [SCRIPT, ...args], {
      env: peerEnvironment(process.env),
      timeout: HOUR,
    });
    return JSON.parse(stdout) as { library: string; version: string } & StepTimes;
  } catch (error) {
    return { skipped: `PyTorch failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The environment that PyTorch is fastest in: large buffers stay, and OpenBLAS finds its kernels itself. */
function peerEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...rest } = environment;
  return { ...rest, MALLOC_MMAP_THRESHOLD_: '4000000000', MALLOC_TRIM_THRESHOLD_: '8000000000' };
}
