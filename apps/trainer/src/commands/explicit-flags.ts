import type { Command, Option } from 'commander';
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
  const other = firstGiven(command, (name, { long }) => long !== flag && refused(name));
  if (other !== undefined) throw new UsageError(`${flag} with ${other.long}`, 'one of them', fix);
}

/** Refuses flags that would do nothing without another one. @throws UsageError for the first of them that the user gave */
export function refuseWithout(
  command: Command,
  flag: string,
  refused: (name: string) => boolean,
  fix: string,
): void {
  const alone = firstGiven(command, refused);
  if (alone !== undefined) throw new UsageError(`${alone.long} without ${flag}`, 'both', fix);
}

/** The options that the user gave, without defaults. */
export function givenFlags(command: Command): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(command.opts()).filter(([name]) => isGiven(command, name)));
}

/** In the order in which the command declares them. */
function firstGiven(
  command: Command,
  matches: (name: string, option: Option) => boolean,
): Option | undefined {
  return command.options.find((option) => {
    const name = option.attributeName();
    return isGiven(command, name) && matches(name, option);
  });
}

function isGiven(command: Command, name: string): boolean {
  return command.getOptionValueSource(name) === 'cli';
}
