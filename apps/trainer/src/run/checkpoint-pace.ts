import { OptionOutOfRangeError } from '@cf/core';
import { MILLISECONDS } from '../settings/duration.ts';

/** How often a checkpoint is written within an epoch. */
export type CheckpointPace = { readonly steps: number } | { readonly milliseconds: number };

/** Of `500steps`, `30s`, `10min` or `2h`. @throws OptionOutOfRangeError */
export function checkpointPace(text: string): CheckpointPace {
  const [, digits, unit] = /^([1-9]\d{0,8}) ?(steps?|s|min|h)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined)
    throw new OptionOutOfRangeError(
      'checkpoint-every',
      text,
      'a number of steps, s, min or h, such as 500steps or 10min',
    );
  const count = Number(digits);
  return unit.startsWith('step') ? { steps: count } : { milliseconds: count * MILLISECONDS[unit]! };
}

/** Says when the next checkpoint within an epoch is due. */
export interface CheckpointTimer {
  due(step: number): boolean;
  /** A checkpoint was written, for whatever reason. */
  written(): void;
}

/** @param now in milliseconds */
export function checkpointTimer(
  pace: CheckpointPace | undefined,
  now: () => number = () => performance.now(),
): CheckpointTimer {
  let last = now();
  const due = (step: number): boolean => {
    if (pace === undefined) return false;
    return 'steps' in pace ? step % pace.steps === 0 : now() - last >= pace.milliseconds;
  };
  return {
    due,
    written: () => {
      last = now();
    },
  };
}
