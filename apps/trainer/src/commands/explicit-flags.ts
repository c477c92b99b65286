import type { Command } from 'commander';
import { UsageError } from '../errors.ts';

/**
 * Refuses flags that would be ignored beside another one. Only what the user gave counts, not defaults.
 *
 * @param flag the one that rules the others out, such as `--resume`.
 * @param refused their names as properties, such as `minImages`.
 * @throws UsageError for the first of them
 */
export function refuseBeside(
  command: Command,
  flag: string,
  refused: (name: string) => boolean,
  fix: string,
): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (option.long === flag || command.getOptionValueSource(name) !== 'cli' || !refused(name)) continue;
    throw new UsageError(`${flag} with ${option.long}`, 'one of them', fix);
  }
}

/** Refuses flags that would do nothing without another one. @throws UsageError for the first of them that the user gave */
export function refuseWithout(
  command: Command,
  flag: string,
  refused: (name: string) => boolean,
  fix: string,
): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== 'cli' || !refused(name)) continue;
    throw new UsageError(`${option.long} without ${flag}`, 'both', fix);
  }
}

/** The options that the user gave, without defaults. */
export function givenFlags(command: Command): Readonly<Record<string, unknown>> {
  const given = Object.entries(command.opts()).filter(
    ([name]) => command.getOptionValueSource(name) === 'cli',
  );
  return Object.fromEntries(given);
}
