import { cp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compareCommand } from './commands/compare.ts';
import { programCommand } from './program.ts';
import { pretendedCells } from './testing/cells.ts';
import { writeExampleFiles } from './testing/example-files.ts';
import {
  blockBelow,
  callOf,
  commandsOf,
  examplesOf,
  type HelpExample,
  helpOf,
} from './testing/help-examples.ts';
import { temporaryFolder } from './testing.ts';
import { runHere } from './testing-cli.ts';

// The things that cf doctor looks for are found at once.
vi.mock('./doctor/run-probe.ts', () => ({
  runProbe: async () => ({ state: 'proven', told: 'proven', productRate: 1e11 }),
}));

const PROGRAM = commandsOf(programCommand());
const HELP = new Map([...PROGRAM].map(([name, command]) => [name, helpOf(command)]));
const EXAMPLES = [...HELP].flatMap(([name, help]) => examplesOf(name, help));

/** Examples whose flags are parsed alone, or that are no call of the program, by how they begin. */
const NOT_RUN: readonly (readonly [string, string])[] = [
  ['mpirun ', 'cli.ranks.test.ts runs it'],
  [
    'cf bench ',
    'measures for minutes, in processes of its own; the tests beside each bench run a small form',
  ],
  ['cf simulate', 'measures for a minute, in processes of its own; its test runs a small form'],
  [
    'cf conformance --backend onnx --device webgpu',
    'takes an adapter: cli.device.test.ts, where there is one',
  ],
  ['python -c', 'takes numpy or safetensors of Python, which read the same file in tests of @cf/data'],
];

/** The trainings of cf compare are calls of cf train, which examples of its own run. */
const COMPARED = pretendedCells(() => 0.9);

const DRAWN = ['--identities=8', '--images-per-identity=4', '--no-control'];
const SHORT = ['--epochs=1', '--batch=8', '--dim=8'];
const TINY = '--backbone=onnx:backbone.onnx';

/** What makes an example take less: later flags go before earlier ones. The first that an example begins with counts. */
const SMALLER: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^cf train .*--dry-run/, ['--batch=2', TINY]],
  [/^cf train .*--sampler pk/, ['--sampler=pk:4x2', '--epochs=1', '--dim=8', TINY]],
  // Their networks take a second a step.
  [/^cf train .*--backbone (iresnet18|mobilefacenet).*--init-from/, ['--dry-run', TINY]],
  [/^cf train .*--backbone (iresnet18|mobilefacenet)/, ['--dry-run', '--batch=4', TINY]],
  [/^cf train .*--data (faces|lfw-112)/, [...SHORT, TINY]],
  [/^cf train (--resume|--config) .*--epochs/, ['--epochs=2']],
  [/^cf train (--resume|--config)/, []],
  [/^cf train .*--pixels/, [...DRAWN, ...SHORT, '--pixels=8']],
  [/^cf train/, [...DRAWN, ...SHORT, TINY]],
  [/^cf compare .*--dry-run/, ['--batch=2', TINY]],
  [/^cf compare --resume/, []],
  [/^cf compare/, [...DRAWN, ...SHORT, '--pixels=8']],
  // Few pairs show high rates alone.
  [/^cf (search|verify) (?!.*--threshold)/, ['--far=0.1']],
  [/^cf faces --identities/, ['--identities=3']],
  [/^cf faces/, ['--identities=3', '--images-per-identity=2']],
  [/^cf data augment/, ['--pictures=2', '--draws=2']],
  [/^cf export .*--quantise/, ['--calibration-pictures=8']],
];

let base: string;
let before: string;

/** Files at the paths that the examples name, and what examples leave for others. */
beforeAll(async () => {
  base = await temporaryFolder();
  before = process.cwd();
  await writeExampleFiles(base, blockBelow(HELP.get('compare')!, 'where compare.yaml is'));
  process.chdir(base);
  const backbone = 'onnx:backbone.onnx';
  await runs(['train', '--data', 'faces', '--backbone', backbone, ...SHORT, '--out', 'runs/mine']);
  await cp('runs/mine/config.json', 'run.yaml');
  await runs(['export', '--run', 'runs/mine', '--out', 'heads', '--no-embeddings', '--head', 'kernel']);
  await cp('heads/head.safetensors', 'head.safetensors');
  for (const run of ['a', 'b']) await cp('runs/mine', join('runs', run), { recursive: true });
  await runs(['data', 'suspects', '--run', 'runs/mine', '--angle', '100']);
  await runs(['embed', '--model', backbone, '--data', 'lfw-112', '--out', 'lfw.safetensors']);
  process.chdir(before);
});
afterAll(() => process.chdir(before));

/** Runs the program, which has to end well. @returns its standard output */
async function runs(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runHere(args);
  expect([args.join(' '), code, code === 0 ? '' : stderr]).toEqual([args.join(' '), 0, '']);
  return stdout;
}

const reasonNotRun = ({ line }: HelpExample): string | undefined =>
  NOT_RUN.find(([begin]) => line.startsWith(begin))?.[1];

/** What is run in the place of an example. */
function argsOf(line: string): readonly string[] {
  const { args } = callOf(line)!;
  const [, less = []] = SMALLER.find(([pattern]) => pattern.test(line)) ?? [];
  return [...args, ...less];
}

it('every command has examples, and each is a call of the program or stands on the list of those that are none', () => {
  for (const [name, help] of HELP) {
    const lines = examplesOf(name, help).map(({ line }) => line);
    expect(lines.join('\n'), name).toMatch(new RegExp(`^(\\w+=\\S* )?cf ${name}( |$)`, 'm'));
  }
  expect(EXAMPLES.filter((one) => callOf(one.line) === undefined && reasonNotRun(one) === undefined)).toEqual(
    [],
  );
  for (const [begin] of NOT_RUN)
    expect(
      EXAMPLES.some(({ line }) => line.startsWith(begin)),
      begin,
    ).toBe(true);
  for (const [pattern] of SMALLER)
    expect(
      EXAMPLES.some(({ line }) => pattern.test(line)),
      `${pattern}`,
    ).toBe(true);
});

it('every example has flags that its command knows', async () => {
  const program = programCommand();
  let told = '';
  const prepare = (command: Command): void => {
    command.exitOverride().configureOutput({
      writeErr: (text) => {
        told += text;
      },
    });
    if (command.commands.length === 0) command.action(() => {});
    command.commands.forEach(prepare);
  };
  prepare(program);
  for (const { line } of EXAMPLES) {
    const call = callOf(line);
    if (call === undefined) continue;
    await program.parseAsync(call.args, { from: 'user' }).catch(() => {});
    expect([line, told]).toEqual([line, '']);
  }
});

describe('examples run, with less work', () => {
  const RUN = [...HELP.keys()].filter((name) =>
    EXAMPLES.some((one) => one.command === name && !reasonNotRun(one)),
  );
  it.each(RUN)('of cf %s', async (name) => {
    const folder = await temporaryFolder();
    await cp(base, folder, { recursive: true });
    process.chdir(folder);
    for (const one of EXAMPLES.filter(({ command }) => command === name)) {
      if (reasonNotRun(one) !== undefined) continue;
      const args = argsOf(one.line);
      const out = args.indexOf('--out');
      if (out >= 0) await rm(placeOf(args[out + 1]!), { recursive: true, force: true });
      // An example before this one may have trained that run anew, and nobody has listed its suspects since.
      if (args.includes(SUSPECTS)) await cp(join(base, SUSPECTS), SUSPECTS);
      if (args[0] === 'compare') {
        const program = new Command('cf').addCommand(compareCommand(COMPARED));
        await quietly(() => program.parseAsync(args, { from: 'user' }));
      } else {
        const stdout = await runs(args);
        if (one.line.includes(' | jq ') || one.line.includes('--json'))
          for (const event of stdout.trimEnd().split('\n')) JSON.parse(event);
      }
    }
  });
});

const SUSPECTS = 'runs/mine/suspects.jsonl';

/** What is to be gone before something is written: a pack has files beside it. */
const placeOf = (out: string): string => (out.endsWith('.rec') ? dirname(out) : out);

/** Runs a command in this process without what it prints. @throws where its exit code is not 0 */
async function quietly(run: () => Promise<unknown>): Promise<void> {
  const spies = [
    vi.spyOn(console, 'log').mockReturnValue(undefined),
    vi.spyOn(process.stderr, 'write').mockReturnValue(true),
  ];
  const code = process.exitCode;
  process.exitCode = 0;
  try {
    await run();
    expect(process.exitCode).toBe(0);
  } finally {
    process.exitCode = code;
    for (const spy of spies) spy.mockRestore();
  }
}
