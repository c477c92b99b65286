import type { Command } from 'commander';

/** A line of the examples that the help of a command shows. */
export interface HelpExample {
  /** Whose help it is, such as `data pack`. */
  readonly command: string;
  /** As it stands there. */
  readonly line: string;
}

/** A call of the program out of an example. */
export interface Call {
  /** What follows `cf`. */
  readonly args: readonly string[];
  /** Variables of the environment that stand before it. */
  readonly environment: Readonly<Record<string, string>>;
}

const HEADING = /^Examples:\n/m;

/** The help of a command as `--help` prints it. */
export function helpOf(command: Command): string {
  let text = '';
  command
    .configureOutput({
      writeOut: (part) => {
        text += part;
      },
    })
    .outputHelp();
  return text;
}

/** Every command of a program that help tells of and that does something, by its names from the program on: `data pack`. */
export function commandsOf(program: Command): ReadonlyMap<string, Command> {
  const inside = (command: Command, names: readonly string[]): [string, Command][] =>
    command.commands.length === 0
      ? [[names.join(' '), command]]
      : command
          .createHelp()
          .visibleCommands(command)
          .filter((one) => command.commands.includes(one))
          .flatMap((one) => inside(one, [...names, one.name()]));
  return new Map(inside(program, []));
}

/** The examples of a command, in their order; lines of explanation below them are indented further. */
export function examplesOf(command: string, help: string): readonly HelpExample[] {
  const [, text = ''] = help.split(HEADING);
  return [...text.matchAll(/^ {2}(\S.*)$/gm)].map(([, line]) => ({ command, line: line! }));
}

/** The lines indented below a line of an example that ends in some words, without what all are indented by. */
export function blockBelow(help: string, words: string): string {
  const lines = help.slice(help.indexOf(words) + words.length + 1).split('\n');
  const depth = /^ */.exec(lines[0]!)![0].length;
  const end = lines.findIndex((line) => !line.startsWith(' '.repeat(depth)));
  return lines
    .slice(0, end)
    .map((line) => `${line.slice(depth)}\n`)
    .join('');
}

/** Of an example, without the other programs and files that a shell would send its output to; undefined for no `cf`. */
export function callOf(line: string): Call | undefined {
  const [own = ''] = line.split(/ [|>] /);
  const words = own.split(' ');
  const at = words.indexOf('cf');
  const variables = words.slice(0, Math.max(at, 0)).map((word) => word.split('='));
  if (at < 0 || variables.some((parts) => parts.length !== 2)) return undefined;
  return { args: words.slice(at + 1), environment: Object.fromEntries(variables) };
}
