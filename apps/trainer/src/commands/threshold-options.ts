import type { Command } from 'commander';
import { DEFAULT_FAR, type ThresholdFlags } from '../embedding/choose-threshold.ts';
import { UsageError } from '../errors.ts';
import { refuseBeside, refuseWithout } from './explicit-flags.ts';
import { number } from './options.ts';

/** Adds the flags that say from where on two pictures show one person. */
export function addThresholdOptions(command: Command): Command {
  return command
    .option('--far <rate>', `false accept rate that the threshold is of (default: ${DEFAULT_FAR})`, number)
    .option('--threshold <score>', 'the threshold itself, a cosine', number)
    .option('--pairs <file>', 'a scored set whose impostor pairs show the rate, as cf eval takes it')
    .option('--data <folder>', 'pictures of an LFW list that is --pairs');
}

/** A threshold that is given needs nothing to be taken from; a rate is one. @throws UsageError, before a picture is read */
export function checkThresholdFlags(command: Command, { threshold, far, pairs }: ThresholdFlags): void {
  if (far !== undefined && !(far > 0 && far <= 1))
    throw new UsageError(`--far ${far}`, 'a rate above 0, 1 at most', 'write it as --far 1e-3.');
  // Thresholds that nobody reaches lie a little above 1.
  if (threshold !== undefined && !(Math.abs(threshold) <= 1.0001))
    throw new UsageError(`--threshold ${threshold}`, 'a cosine, −1 to 1', 'write it as --threshold 0.4.');
  if (threshold === undefined) {
    if (pairs === undefined)
      refuseWithout(command, '--pairs', (name) => name === 'data', 'give the list whose pictures it has.');
    return;
  }
  const others = new Set(['far', 'pairs', 'data']);
  refuseBeside(command, '--threshold', (name) => others.has(name), 'a threshold stands for itself.');
}
