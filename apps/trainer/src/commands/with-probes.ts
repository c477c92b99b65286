import { type EmbeddingModel, type ModelFlags, openEmbeddingModel } from '../embedding/open-model.ts';
import { openProbeMaker, type ProbeMaker, type ProbeSettings } from '../embedding/probe-pictures.ts';
import { interruptedExit } from './interruption.ts';

/** Does some work with the model that flags name and what makes probes for it; both are closed after it. */
export async function withProbes(
  flags: ModelFlags & ProbeSettings,
  work: (model: EmbeddingModel, maker: ProbeMaker) => Promise<number>,
): Promise<number> {
  const model = await openEmbeddingModel(flags);
  try {
    const maker = await openProbeMaker(model, flags);
    try {
      return await work(model, maker);
    } finally {
      await maker.close();
    }
  } catch (error) {
    return interruptedExit(error, 'interrupted');
  } finally {
    await model.dispose();
  }
}
