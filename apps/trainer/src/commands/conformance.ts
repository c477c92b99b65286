import { embeddedGoldens, formatGoldenReport, parseGoldens, replayGoldens } from '@cf/conformance';
import { Command } from 'commander';
import { BACKEND_NAMES, openBackend } from '../engines/open-backend.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../report/progress.ts';
import { readGiven } from '../settings/read-given.ts';
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
    .option('--goldens <file>', 'a file of golden values (default: all embedded cases)')
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
    goldens === undefined
      ? await embeddedGoldens()
      : parseGoldens(await readGiven('--goldens', goldens), goldens);
  const backend = await openBackend(name);
  const options = tolerance === undefined ? {} : { tolerance };
  try {
    const report = await withProgress(`golden cases on ${name}`, file.cases.length, 'cases', (onCase) =>
      replayGoldens(backend, file, { ...options, onCase }),
    );
    console.log(json ? JSON.stringify(report) : formatGoldenReport(report));
    return report.passed ? EXIT.ok : EXIT.checkFailed;
  } finally {
    await backend.dispose();
  }
}
