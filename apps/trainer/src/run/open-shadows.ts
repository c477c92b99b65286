import type { Backend } from '@cf/core';
import type { Shadow, Shadows } from '@cf/training';
import type { NamedSamples } from '../dataset/picture-samples.ts';
import { SHADOW_EVERY } from '../settings/fields/optimisation.ts';
import { shadowLosses } from '../settings/shadow-losses.ts';
import type { TrainConfig } from '../settings/train-config.ts';

/** Losses that look on at a training, ready to; to be disposed of. */
export interface OpenShadows {
  /** Undefined where none looks on. */
  readonly shadows: Shadows | undefined;
  dispose(): void;
}

/** Heads for the losses of `--shadow`. */
export async function openShadows(
  backend: Backend,
  config: TrainConfig,
  samples: Pick<NamedSamples, 'labels' | 'classes'>,
): Promise<OpenShadows> {
  const losses: Shadow[] = [];
  const dispose = (): void => {
    for (const { head } of losses) head.dispose();
  };
  try {
    for (const { name, loss } of shadowLosses(config, samples))
      losses.push({ name, head: await backend.createHead(loss, { subCenters: config.subCenters }) });
  } catch (error) {
    dispose();
    throw error;
  }
  const shadows = losses.length === 0 ? undefined : { losses, every: config.shadowEvery ?? SHADOW_EVERY };
  return { shadows, dispose };
}
