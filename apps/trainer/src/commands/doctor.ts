import { requireRange } from '@cf/core';
import { Command } from 'commander';
import { doctorText } from '../doctor/doctor-text.ts';
import { examine } from '../doctor/examine.ts';
import { PROBES } from '../doctor/probe.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../report/progress.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { number } from './options.ts';

interface DoctorFlags {
  readonly json: boolean;
  readonly limit: number;
}

/** `cf doctor`. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'Tell what this machine can compute with, each thing proven by golden values; exits 1 where one is wrong.',
    )
    .option('--json', 'print one JSON object', false)
    .option('--limit <seconds>', 'for each thing, after which it counts as not proven', number, 15)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: DoctorFlags) => {
      process.exitCode = await withInterruption((signal) => runDoctor(flags, signal));
    });
}

const EXAMPLES = `
Each provider of onnxruntime, oneDNN, and each backend of the head is tried in a process of its own. What is absent is told
with the line that brings it. Exit code 1 where something that is there computes wrong numbers or ends its process.

Examples:
  cf doctor
  cf doctor --json
  NO_COLOR=1 cf doctor --limit 60
`;

async function runDoctor({ json, limit }: DoctorFlags, signal: AbortSignal): Promise<number> {
  requireRange('limit', limit, 1, 3600);
  try {
    const examination = await withProgress('doctor', PROBES.length, 'things', (update) =>
      examine({ seconds: limit, signal }, PROBES, update),
    );
    const inColour = process.stdout.isTTY === true && !process.env.NO_COLOR;
    console.log(json ? JSON.stringify(examination) : doctorText(examination, inColour));
    return examination.isSound ? EXIT.ok : EXIT.checkFailed;
  } catch (error) {
    return interruptedExit(error, 'interrupted');
  }
}
