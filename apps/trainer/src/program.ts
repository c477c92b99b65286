import { inspect } from 'node:util';
import { CfError, printable } from '@cf/core';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { ProgramFailedError } from './bench/python.ts';
import { benchCommand } from './commands/bench.ts';
import { compareCommand } from './commands/compare.ts';
import { conformanceCommand } from './commands/conformance.ts';
import { dataCommand } from './commands/data.ts';
import { doctorCommand } from './commands/doctor.ts';
import { embedCommand } from './commands/embed.ts';
import { evalCommand } from './commands/eval.ts';
import { exportCommand } from './commands/export.ts';
import { facesCommand } from './commands/faces.ts';
import { inspectCommand } from './commands/inspect.ts';
import { InterruptedError, interruptedExit } from './commands/interruption.ts';
import { searchCommand } from './commands/search.ts';
import { simulateCommand } from './commands/simulate.ts';
import { trainCommand } from './commands/train.ts';
import { verifyCommand } from './commands/verify.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';

const EXIT_CODES = `
Exit codes:
  ${EXIT.ok} done    ${EXIT.checkFailed} a check failed    ${EXIT.usage} flags or options    ${EXIT.data} data, model or run folder
  ${EXIT.diverged} training diverged    ${EXIT.internal} unforeseen    ${EXIT.interrupted} interrupted
`;

/** The program with all its commands. */
export function programCommand(): Command {
  return new Command('cf')
    .description('Train face embeddings with margin losses, and verify them.')
    .addCommand(trainCommand())
    .addCommand(compareCommand())
    .addCommand(evalCommand())
    .addCommand(embedCommand())
    .addCommand(searchCommand())
    .addCommand(verifyCommand())
    .addCommand(exportCommand())
    .addCommand(inspectCommand())
    .addCommand(conformanceCommand())
    .addCommand(doctorCommand())
    .addCommand(dataCommand())
    .addCommand(facesCommand())
    .addCommand(benchCommand())
    .addCommand(simulateCommand())
    .version(packageJson.version)
    .addHelpText('after', EXIT_CODES);
}

/** Runs the program to its end; sets the process's exit code and tells errors on stderr. */
export async function runProgram(args: readonly string[]): Promise<void> {
  const program = programCommand();
  overrideExit(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = tell(error);
  }
}

/** Errors of a command, and of those inside it, are thrown. */
function overrideExit(command: Command): void {
  command.exitOverride();
  command.commands.forEach(overrideExit);
}

function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof InterruptedError) return interruptedExit(error, 'interrupted');
  if (error instanceof ProgramFailedError && error.isThisProgram) {
    process.stderr.write(error.told);
    return error.exitCode;
  }
  if (error instanceof CfError) process.stderr.write(`${error.name}: ${error.message}\n`);
  // A trace has lines of its own.
  else process.stderr.write(`${inspect(error).split('\n').map(printable).join('\n')}\n`);
  return exitCodeOf(error);
}
