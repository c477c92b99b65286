import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEEP_MEMORY } from '../../keep-memory.ts';
import { type Peer, runPeer, skippedFor, withoutTorch } from '../python.ts';
import { median } from '../timing.ts';
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
export type PeerResult = Peer<Omit<PeerTime, 'speedup'>>;

const SCRIPT = 'pytorch-head.py';
const WARM_UP = 3;

const VARIANTS = [
  { name: 'PyTorch, as published, tuned allocation', variant: 'published', environment: KEEP_MEMORY },
  { name: 'PyTorch, as published, default allocation', variant: 'published', environment: {} },
  { name: 'PyTorch, torch.where, tuned allocation', variant: 'where', environment: KEEP_MEMORY },
] as const;

/** Measures CurricularFace in eager PyTorch on the same batch, where a Python with torch is present. */
export async function pytorchPeers(task: HeadTask, python: string): Promise<readonly PeerResult[]> {
  const { batch, dim, classes, threads } = task;
  const other = otherThanPeers(task);
  if (other !== undefined) return [{ skipped: `PyTorch: its head here is curricularface, not ${other}` }];
  const missing = await withoutTorch(SCRIPT, python);
  if (missing !== undefined) return [{ skipped: `PyTorch: ${missing}` }];
  const folder = await mkdtemp(join(tmpdir(), 'cf-bench-'));
  try {
    const files = await writeProblem(task, folder);
    const job = { batch, dim, classes, threads, ...files, steps: WARM_UP + task.steps };
    const results: PeerResult[] = [];
    for (const { name, variant, environment } of VARIANTS) {
      try {
        const { version, seconds } = await runPeer<{ version: string; seconds: number[] }>(
          python,
          SCRIPT,
          { task: { ...job, variant } },
          environment,
        );
        results.push({ name, version, medianSeconds: median(seconds.slice(WARM_UP)) });
      } catch (error) {
        results.push({ skipped: `${name}: ${skippedFor(error)}` });
      }
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What makes a head another than the one that peers are: its loss, or its sub-centers. */
export function otherThanPeers({ loss, subCenters }: HeadTask): string | undefined {
  if (subCenters !== 1) return `${loss} with ${subCenters} sub-centers`;
  return loss === 'curricularface' ? undefined : loss;
}

/** The batch in files. @returns their paths */
async function writeProblem(task: HeadTask, folder: string): Promise<Record<string, string>> {
  const { embeddings, weights, labels } = headProblem(task);
  const arrays = { embeddings, weights, labels: BigInt64Array.from(labels, BigInt) };
  const paths: Record<string, string> = {};
  for (const [name, values] of Object.entries(arrays)) {
    paths[name] = join(folder, name);
    await writeFile(paths[name], values);
  }
  return paths;
}
