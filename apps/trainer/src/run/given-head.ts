import { CfError } from '@cf/core';
import { type HeadState, headOfPublished, type Learner } from '@cf/training';
import type { NamedSamples } from '../dataset/picture-samples.ts';
import { UsageError } from '../errors.ts';
import { lossOf } from '../settings/loss-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { trainingOptions } from '../settings/training-options.ts';
import { readTensors, type TensorFile } from './safetensors.ts';

/** What a head is of. */
type Classes = Pick<NamedSamples, 'labels' | 'classes'>;

/**
 * The first state of a training's head, out of a file by the names of published PyTorch modules. Where the file names its
 * identities, as one that was exported does, they have to be those of the training, in the order of the labels.
 *
 * @throws UsageError for a file that can't be read, or that holds another head than the training has
 */
export async function givenHead(
  path: string,
  config: TrainConfig,
  { embeddingSize }: Pick<Learner, 'embeddingSize'>,
  samples: Classes,
): Promise<HeadState> {
  const { classes } = samples;
  const loss = lossOf(config, samples);
  return ofFile(path, async () => {
    const { tensors, metadata } = await readTensors(path);
    requireIdentities(metadata, classes);
    const options = { ...trainingOptions(config), loss, classes, embeddingSize };
    return headOfPublished(new Map(Object.entries(tensors)), options);
  });
}

/** Looks at the head that a training is to start from, before anything is written. @throws as {@link givenHead} */
export async function requireGivenHead(
  config: TrainConfig,
  learner: Pick<Learner, 'embeddingSize'>,
  { labels, names }: { readonly labels: Int32Array; readonly names: readonly string[] },
): Promise<void> {
  if (config.headFrom === undefined) return;
  await givenHead(config.headFrom, config, learner, {
    labels: labels.filter((label) => label >= 0),
    classes: names,
  });
}

async function ofFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CfError)) throw error;
    const given = error.given.includes(path) ? error.given : `'${path}' with ${error.given}`;
    throw new UsageError(`--head-from ${given}`, error.expected, fixOf(error));
  }
}

/** What is read as a run's own is told to be made anew: of this file there is nothing to begin anew with. */
function fixOf({ code, fix }: CfError): string {
  return code === 'E_RUN' ? 'give a safetensors file of F32 or F64 with kernel or weight.' : fix;
}

function requireIdentities({ identities }: TensorFile['metadata'], classes: readonly string[]): void {
  const names = listOf(identities);
  if (names?.length !== classes.length) return;
  const at = classes.findIndex((name, label) => names[label] !== name);
  if (at === -1) return;
  throw new UsageError(
    `'${names[at]}' as class ${at}`,
    `'${classes[at]}', as the training has it`,
    'put the class centers into the order of the training, or leave the identities out of the metadata.',
  );
}

/** A list as {@link exportHead} writes it; what others have under that name is none. */
function listOf(text: string | undefined): readonly unknown[] | undefined {
  try {
    const list: unknown = JSON.parse(text ?? 'null');
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}
