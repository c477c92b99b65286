import { createLoss, lossOptions, type MarginLoss } from '@cf/core';
import type { NamedSamples } from '../dataset/picture-samples.ts';
import { UsageError } from '../errors.ts';
import { parseValue } from './loss-flags.ts';
import { classCountsOf } from './loss-of.ts';
import type { TrainConfig } from './train-config.ts';

/** A loss that looks on at a training. */
export interface ShadowLoss {
  readonly name: string;
  readonly loss: MarginLoss;
}

/** Losses whose margins are of one kind: a number of one is a number of the other. */
const MARGINS_OF_A_KIND = [
  ['arcface', 'curricularface', 'mv-arc-softmax', 'elastic-arcface', 'arc-neg', 'npcface'],
  ['cosface', 'mv-am-softmax', 'elastic-cosface'],
];

/**
 * The losses of `--shadow arcface,mv-arc-softmax:t=1.1`, for the samples of a training. They have the trained loss's scale,
 * where they take one, its margin, where that is of the same kind, and its own options where they are the same loss; else
 * their own, over which options after a colon stand.
 *
 * @throws UsageError, UnknownNameError, OptionOutOfRangeError
 */
export function shadowLosses(
  { shadow, loss }: Pick<TrainConfig, 'shadow' | 'loss'>,
  samples: Pick<NamedSamples, 'labels' | 'classes'> | undefined,
): readonly ShadowLoss[] {
  if (shadow === undefined) return [];
  const data = { classCounts: samples === undefined ? [1] : classCountsOf(samples) };
  const texts = shadow.split(',').map((text) => text.trim());
  const twice = texts.find((text, at) => texts.indexOf(text) < at);
  if (twice !== undefined)
    throw new UsageError(`--shadow ${shadow}`, 'every loss once', `leave one ${twice} out.`);
  return texts.map((text) => {
    const [name = '', ...options] = text.split(':');
    const given = Object.fromEntries(options.map((option) => assignment(text, option)));
    return { name: text, loss: createLoss(name, { ...inherited(name, loss), ...given }, data) };
  });
}

/** What a shadow takes over of the trained loss. */
function inherited(name: string, trained: TrainConfig['loss']): Readonly<Record<string, unknown>> {
  if (name === trained.name) return trained.params;
  const { base } = trained.params as { base?: { loss: string; params: Record<string, unknown> } };
  const inner = base ?? { loss: trained.name, params: trained.params };
  if (name === inner.loss) return inner.params;
  const { scale, margin } = inner.params;
  const isOfAKind = MARGINS_OF_A_KIND.some((kind) => kind.includes(name) && kind.includes(inner.loss));
  return {
    ...(scale !== undefined && lossOptions(name).includes('scale') ? { scale } : {}),
    ...(typeof margin === 'number' && isOfAKind ? { margin } : {}),
  };
}

function assignment(text: string, option: string): readonly [string, unknown] {
  const at = option.indexOf('=');
  if (at < 1)
    throw new UsageError(
      `--shadow ${text}`,
      'options as name=value',
      'write it as --shadow arcface:margin=0.3.',
    );
  return [option.slice(0, at), parseValue(option.slice(at + 1))];
}

/**
 * Checks the losses that look on, before any picture is known.
 *
 * @throws UsageError for one with a learned bias, which the trained loss has not; as {@link shadowLosses}
 */
export function checkShadows(config: Pick<TrainConfig, 'shadow' | 'loss'>): void {
  const trained = createLoss(config.loss.name, config.loss.params, { classCounts: [1] });
  for (const { name, loss } of shadowLosses(config, undefined)) {
    if (loss.bias === undefined || loss.bias.of === trained.bias?.of) continue;
    throw new UsageError(
      `--shadow ${name} beside ${config.loss.name}`,
      'a loss without a learned bias, which nobody trains here',
      `leave ${name} out${name === 'softmax' ? ', or write softmax:bias=false' : ''}.`,
    );
  }
}
