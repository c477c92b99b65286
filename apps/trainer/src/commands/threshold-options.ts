import type { Command } from 'commander';
import { DEFAULT_FAR, type ThresholdFlags } from '../embedding/choose-threshold.ts';
import { refuseBeside } from './explicit-flags.ts';
import { number } from './options.ts';

/** Adds the flags that say from where on two pictures show one person. */
export function addThresholdOptions(command: Command): Command {
  return command
    .option('--far <rate>', `false accept rate that the threshold is of (default: ${DEFAULT_FAR})`, number)
    .option('--threshold <score>', 'the threshold itself, a cosine', number)
    .option('--pairs <file>', 'a scored set whose impostor pairs show the rate, as cf eval takes it')
    .option('--data <folder>', 'pictures of an LFW list that is --pairs');
}

/** A threshold that is given needs nothing to be taken from. @throws UsageError */
export function checkThresholdFlags(command: Command, { threshold }: ThresholdFlags): void {
  if (threshold === undefined) return;
  const others = new Set(['far', 'pairs', 'data']);
  refuseBeside(command, '--threshold', (name) => others.has(name), 'a threshold stands for itself.');
}
