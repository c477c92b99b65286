import type { DryRun } from '../run/dry-run.ts';
import { formatSeconds } from './progress.ts';

/** What a person is told of a dry run. */
export function dryRunLines(found: DryRun): readonly string[] {
  const { memory, input, embeddingSize, identities, images, pairs } = found;
  const digits = (value: number): string => value.toLocaleString('en');
  const bytes = (value: number): string =>
    value >= 1e9 ? `${(value / 1e9).toPrecision(3)} GB` : `${(value / 1e6).toPrecision(3)} MB`;
  return [
    `data        ${digits(identities)} identities, ${digits(images)} images to train on, ${digits(pairs)} pairs to score`,
    `shapes      [${found.batch}, ${input.join(', ')}] → [${found.batch}, ${embeddingSize}]; class centers [${identities}, ${embeddingSize}]`,
    `parameters  ${digits(found.parameters)} that train, and ${digits(found.centerParameters)} of class centers`,
    `memory      ${bytes(memory.parameters)} of parameters, at least ${bytes(memory.activations)} of activations, ${bytes(memory.data)} of ${input.length === 1 ? 'features' : 'pictures'}; ${bytes(memory.free)} are free`,
    `steps       ${digits(found.steps)}: ${digits(found.stepsPerEpoch)} an epoch, ${digits(found.epochs)} ${found.epochs === 1 ? 'epoch' : 'epochs'}`,
    `time        about ${formatSeconds(found.seconds)}, at ${found.secondsPerStep.toPrecision(2)} s a step on this machine; reading pictures and scores come on top`,
    ...found.notes,
    'a dry run: nothing was trained, and nothing was written',
  ];
}
