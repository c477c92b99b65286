import { backendLaws, type GoldenFile, type GoldenReport, replayGoldens, SPECIMENS } from '@cf/conformance';
import { type Backend, curricularFace, type HeadInput, referenceStep } from '@cf/core';
import type { Draws } from '../../../../../testing/draws.ts';

/** What can be asked of a backend that lives in another process or in a page: plain data goes there and back. */
export interface ConformanceRun {
  /** Checks the law of that name. @throws what the law throws: the shrunk counterexample and the seed */
  checkLaw(name: string): Promise<void>;
  replayGoldens(): Promise<GoldenReport>;
  /** Replays a problem of several tiles, larger than any golden case, against the reference. */
  replayTiles(): Promise<GoldenReport>;
  /** Losses of two heads that step one after the other, and of the same two at once. */
  stepTwoHeads(): Promise<{ alone: readonly number[]; together: readonly number[] }>;
  dispose(): Promise<void>;
}

/**
 * What a backend, wherever it is, does when asked. Laws are tried on one random problem a loss, times the draws' factor.
 *
 * @param stride laws are tried on every stride-th loss.
 */
export function conformanceRun(
  backend: Backend,
  goldens: GoldenFile,
  { seed, times }: Draws,
  stride = 1,
): ConformanceRun {
  const specimens = SPECIMENS.filter((_, index) => index % stride === 0);
  const laws = backendLaws(() => backend, { runsPerLoss: times, seed, specimens });
  return {
    checkLaw: (name) => laws.find((law) => law.name === name)!.run(),
    replayGoldens: () => replayGoldens(backend, goldens),
    replayTiles: () => replayGoldens(backend, severalTiles()),
    stepTwoHeads: () => stepTwoHeads(backend),
    dispose: () => backend.dispose(),
  };
}

/** 4,096 classes fill a tile of the default size. */
function severalTiles(): GoldenFile {
  const [batch, dim, classes] = [64, 64, 5000];
  const params = { scale: 32, margin: 0.4 };
  const input = problem(batch, dim, classes);
  const output = referenceStep(curricularFace(params), input, { inspect: true });
  const step = {
    labels: Array.from(input.labels),
    embeddings: Array.from(input.embeddings),
    weights: Array.from(input.weights),
    logits: Array.from(output.inspection!.logits),
    loss: output.loss,
    losses: Array.from(output.losses),
    gradEmbeddings: Array.from(output.gradEmbeddings),
    gradWeights: Array.from(output.gradWeights),
    stateAfter: output.state.values,
  };
  const regime = 'init';
  return {
    cases: [{ id: 'tiles', loss: 'curricularface', params, regime, batch, dim, classes, steps: [step] }],
  };
}

async function stepTwoHeads(backend: Backend): ReturnType<ConformanceRun['stepTwoHeads']> {
  const heads = [await backend.createHead(curricularFace()), await backend.createHead(curricularFace())];
  const inputs = [problem(7, 5, 11), problem(9, 16, 41)];
  const alone: number[] = [];
  for (const [i, head] of heads.entries()) alone.push((await head.step(inputs[i]!)).loss);
  const together = await Promise.all(heads.map((head, i) => head.step(inputs[i]!)));
  for (const head of heads) head.dispose();
  return { alone, together: together.map(({ loss }) => loss) };
}

function problem(batch: number, dim: number, classes: number): HeadInput {
  // An irrational step goes evenly through [−1, 1): no number comes twice.
  const spread = (length: number, step: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => 2 * (((i + 1) * step) % 1) - 1);
  return {
    embeddings: spread(batch * dim, Math.SQRT2),
    weights: spread(classes * dim, Math.E),
    labels: Array.from({ length: batch }, (_, i) => (i * 997) % classes),
    dim,
  };
}
