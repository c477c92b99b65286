import { type Backend, createLoss, type HeadInput, referenceStep } from '@cf/core';

const LOSSES = ['curricularface', 'arcface', 'magface'];

/** Draws a batch that is the same everywhere. */
function problem(): HeadInput {
  let seed = 7;
  const next = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
    return (seed >>> 0) / 2 ** 31 - 1;
  };
  const [batch, classes, dim] = [13, 41, 7];
  return {
    embeddings: Float32Array.from({ length: batch * dim }, () => 5 * next()),
    weights: Float32Array.from({ length: classes * dim }, next),
    labels: Int32Array.from({ length: batch }, (_, i) => (5 * i) % classes),
    dim,
  };
}

/** Worst difference to the float64 reference over losses and gradients, as a share of the largest entry. */
export async function compare(backend: Backend): Promise<number> {
  const input = problem();
  let worst = 0;
  for (const name of LOSSES) {
    const loss = createLoss(name, { scale: 16 });
    const head = await backend.createHead(loss, { tileSize: 16 });
    const [actual, expected] = [await head.step(input), referenceStep(loss, input)];
    for (const field of ['losses', 'gradEmbeddings', 'gradWeights'] as const) {
      const size = expected[field].reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      for (const [at, value] of expected[field].entries())
        worst = Math.max(worst, Math.abs(actual[field][at]! - value) / size);
    }
    head.dispose();
  }
  await backend.dispose();
  return worst;
}

/** What a page tells: a mode and its worst difference, or why it did not run. */
export type Outcome = Readonly<Record<string, number | string>>;

/** Runs every mode of a page, one after the other. */
export async function compareAll(modes: Readonly<Record<string, () => Promise<Backend>>>): Promise<Outcome> {
  const outcome: Record<string, number | string> = {};
  for (const [mode, open] of Object.entries(modes)) {
    try {
      outcome[mode] = await compare(await open());
    } catch (error) {
      outcome[mode] = error instanceof Error ? error.message : String(error);
    }
  }
  return outcome;
}
