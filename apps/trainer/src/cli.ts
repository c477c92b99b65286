#!/usr/bin/env node
import { CfError } from '@cf/core';
import { Command, CommanderError } from 'commander';
import { conformanceCommand } from './commands/conformance.ts';
import { evalCommand } from './commands/eval.ts';
import { facesCommand } from './commands/faces.ts';
import { trainCommand } from './commands/train.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';

const EXIT_CODES = `
Exit codes:
  ${EXIT.ok} done    ${EXIT.checkFailed} a check failed    ${EXIT.usage} flags or options    ${EXIT.data} data, model or run folder
  ${EXIT.diverged} training diverged    ${EXIT.internal} unforeseen    ${EXIT.interrupted} interrupted, a checkpoint was written
`;

// A reader that closes the pipe early (`cf … | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

async function main(): Promise<void> {
  const program = new Command('cf')
    .description('Train face embeddings with margin losses, and verify them.')
    .addCommand(trainCommand())
    .addCommand(evalCommand())
    .addCommand(conformanceCommand())
    .addCommand(facesCommand())
    .addHelpText('after', EXIT_CODES);
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = tell(error);
  }
}

function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CfError) console.error(`${error.name}: ${error.message}`);
  else console.error(error);
  return exitCodeOf(error);
}

await main();
