import { readFile } from 'node:fs/promises';
import {
  embeddedGoldens,
  formatGoldenReport,
  type GoldenFile,
  type GoldenReport,
  parseGoldens,
  replayGoldens,
} from '@cf/conformance';
import type { Backend } from '@cf/core';
import { Command } from 'commander';
import { BACKEND_NAMES, openBackend } from '../engines/open-backend.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { startProgress } from '../report/progress.ts';
import { number } from './options.ts';

interface ConformanceFlags {
  readonly goldens?: string;
  readonly backend: string;
  readonly tolerance?: number;
  readonly json: boolean;
}

/** `cf conformance`. */
export function conformanceCommand(): Command {
  return new Command('conformance')
    .description("Replay golden values of the authors' code on a backend; exits 1 over tolerance.")
    .option('--goldens <file>', 'a file of golden values (default: the embedded 220 cases)')
    .option('--backend <name>', `one of ${BACKEND_NAMES.join(', ')}`, 'reference')
    .option('--tolerance <x>', 'worst error allowed (default: 1e-11 in float64, 2e-5 in float32)', number)
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      '\nExamples:\n  cf conformance --backend tfjs-cpu\n  cf conformance --goldens losses.json --backend reference\n',
    )
    .action(async (flags: ConformanceFlags) => {
      process.exitCode = await runConformance(flags);
    });
}

async function runConformance({
  goldens,
  backend: name,
  tolerance,
  json,
}: ConformanceFlags): Promise<number> {
  const file =
    goldens === undefined ? await embeddedGoldens() : parseGoldens(await readText(goldens), goldens);
  const backend = await openBackend(name);
  try {
    const report = await replay(backend, file, tolerance, `golden cases on ${name}`);
    console.log(json ? JSON.stringify(report) : formatGoldenReport(report));
    return report.passed ? EXIT.ok : EXIT.checkFailed;
  } finally {
    await backend.dispose();
  }
}

async function replay(
  backend: Backend,
  file: GoldenFile,
  tolerance: number | undefined,
  label: string,
): Promise<GoldenReport> {
  const progress = startProgress(label, file.cases.length, 'cases');
  try {
    const report = await replayGoldens(backend, file, {
      ...(tolerance === undefined ? {} : { tolerance }),
      onCase: (done) => progress.update(done),
    });
    progress.finish();
    return report;
  } catch (error) {
    progress.stop(`${label}: stopped`);
    throw error;
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`--goldens ${file} (${reason})`, 'a file that can be read', 'check the path.');
  }
}
