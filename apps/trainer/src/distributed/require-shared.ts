import type { Communicator } from '@cf/core';
import { UsageError } from '../errors.ts';
import type { TrainConfig } from '../settings/train-config.ts';

/** That ranks can share a training. @throws UsageError */
export function requireShared(config: TrainConfig, { size }: Pick<Communicator, 'size'>): void {
  if (size === 1) return;
  const refused: readonly (readonly [isRefused: boolean, flag: string, fix: string])[] = [
    [config.shadow !== undefined, '--shadow', 'look on in one process.'],
    [
      config.train === 'all' && config.engine !== 'onnx',
      '--engine tfjs',
      'leave it out: the engine onnx is shared.',
    ],
    [
      config.batch < size,
      `--batch ${config.batch} on ${size} ranks`,
      'choose a larger batch, or fewer ranks.',
    ],
  ];
  for (const [isRefused, flag, fix] of refused)
    if (isRefused) throw new UsageError(`${flag} with --distributed`, 'a training that ranks can share', fix);
}

/** That each rank has a class of its own. @throws UsageError */
export function requireEnoughClasses(classes: number, { size }: Pick<Communicator, 'size'>): void {
  if (size <= classes) return;
  throw new UsageError(
    `${classes} identities on ${size} ranks`,
    'a class for each rank at least',
    'start fewer ranks.',
  );
}
