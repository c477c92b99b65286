import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from '../backbone/timing.ts';
import { type HeadTask, headProblem } from './head-task.ts';

/** What another implementation of the same head took. */
export interface PeerTime {
  readonly name: string;
  readonly version: string;
  readonly medianSeconds: number;
  /** Its median over ours. */
  readonly speedup: number;
}

/** A peer, or why it could not be measured. */
export type PeerResult = Omit<PeerTime, 'speedup'> | { readonly skipped: string };

const SCRIPT = fileURLToPath(new URL('../../../../../bench/peers/pytorch-head.py', import.meta.url));
const KEEP_MEMORY = { MALLOC_MMAP_THRESHOLD_: '4000000000', MALLOC_TRIM_THRESHOLD_: '8000000000' };

const VARIANTS = [
  { name: 'PyTorch, as published, tuned allocation', variant: 'published', environment: KEEP_MEMORY },
  { name: 'PyTorch, as published, default allocation', variant: 'published', environment: {} },
  { name: 'PyTorch, torch.where, tuned allocation', variant: 'where', environment: KEEP_MEMORY },
] as const;

/** Measures CurricularFace in eager PyTorch on the same batch, where a Python with torch is present. */
export async function pytorchPeers(task: HeadTask, python: string): Promise<readonly PeerResult[]> {
  if (!existsSync(SCRIPT))
    return [{ skipped: 'PyTorch: bench/peers/pytorch-head.py is part of the repository only' }];
  if (task.loss !== 'curricularface')
    return [{ skipped: `PyTorch: its head here is curricularface, not ${task.loss}` }];
  try {
    await promisify(execFile)(python, ['-c', 'import torch']);
  } catch {
    return [{ skipped: `PyTorch: ${python} has no torch` }];
  }
  const folder = await mkdtemp(join(tmpdir(), 'cf-bench-'));
  try {
    const files = await writeProblem(task, folder);
    const results: PeerResult[] = [];
    for (const { name, variant, environment } of VARIANTS) {
      const { batch, dim, classes, steps, threads } = task;
      const job = { batch, dim, classes, threads, variant, ...files, steps: steps + 3 };
      results.push(await runPeer(name, python, job, environment));
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeProblem(task: HeadTask, folder: string): Promise<Record<string, string>> {
  const { embeddings, weights, labels } = headProblem(task);
  const files = {
    embeddings: join(folder, 'embeddings'),
    weights: join(folder, 'weights'),
    labels: join(folder, 'labels'),
  };
  await writeFile(files.embeddings, embeddings);
  await writeFile(files.weights, weights);
  await writeFile(files.labels, BigInt64Array.from(labels, BigInt));
  return files;
}

async function runPeer(
  name: string,
  python: string,
  job: object,
  environment: Readonly<Record<string, string>>,
): Promise<PeerResult> {
  // Debian's OpenBLAS finds its kernels itself; settings for another machine make it slow.
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...rest } = process.env;
  const own = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('MALLOC_')));
  try {
    const output = await answer(python, [SCRIPT], JSON.stringify(job), { ...own, ...environment });
    const { version, seconds } = JSON.parse(output) as { version: string; seconds: number[] };
    return { name, version, medianSeconds: median(seconds.slice(3)) };
  } catch (error) {
    return { skipped: `${name}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Runs a program that reads its task from stdin; resolves to the last line that it prints. */
export function answer(
  program: string,
  args: readonly string[],
  input: string,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', failed);
    child.on('close', (code) => {
      // The last line: what came before it is not the answer.
      if (code === 0) done(stdout.trim().split('\n').at(-1) ?? '');
      else failed(new Error(`${program} ended with ${code}: ${stderr.trim().split('\n').at(-1) ?? ''}`));
    });
    child.stdin.end(input);
  });
}
