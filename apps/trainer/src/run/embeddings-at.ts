import type { NamedTensors } from '@cf/training';
import type { FeatureTable } from '../features/feature-table.ts';
import type { Subject } from './subject.ts';

/** Embeddings of the pictures that are trained on, in the order of the samples, by the network in a state of its own. */
export async function embeddingsAt(
  { network, embedTrained }: Pick<Subject, 'network' | 'embedTrained'>,
  state: NamedTensors,
): Promise<FeatureTable> {
  await network.learner.load(state);
  const { inference } = await network.trained();
  try {
    return await embedTrained(inference);
  } finally {
    await inference.dispose();
  }
}
