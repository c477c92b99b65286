import { KEEP_MEMORY } from '../../keep-memory.ts';
import { runPeer, skippedFor, withoutTorch } from '../python.ts';
import type { BackboneTask, PeerReport } from './report.ts';

const SCRIPT = 'backbone.py';

/** Measures PyTorch on the same network and batch, where a Python with torch is present. */
export async function measurePeer(
  { model, batch, threads, runs }: BackboneTask,
  python: string,
): Promise<PeerReport> {
  const missing = await withoutTorch(SCRIPT, python);
  if (missing !== undefined) return { skipped: missing };
  const flags = { model, batch, threads, runs };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  try {
    return await runPeer<PeerReport>(python, SCRIPT, { args }, KEEP_MEMORY);
  } catch (error) {
    return { skipped: `PyTorch failed: ${skippedFor(error)}` };
  }
}
