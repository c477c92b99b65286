import { embeddedGoldens, formatGoldenReport, parseGoldens, replayGoldens } from '@cf/conformance';
import { requireChoice } from '@cf/core';
import { Command } from 'commander';
import { prepareDevice } from '../engines/choose-device.ts';
import { DEVICES, type Device } from '../engines/device.ts';
import { BACKEND_NAMES, openBackend } from '../engines/open-backend.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../report/progress.ts';
import { readGiven } from '../settings/read-given.ts';
import { number } from './options.ts';

interface ConformanceFlags {
  readonly goldens?: string;
  readonly backend: string;
  readonly device: string;
  readonly tolerance?: number;
  readonly json: boolean;
}

/** `cf conformance`. */
export function conformanceCommand(): Command {
  return new Command('conformance')
    .description("Replay golden values of the authors' code on a backend; exits 1 over tolerance.")
    .option('--goldens <file>', 'a file of golden values (default: all embedded cases)')
    .option('--backend <name>', `one of ${BACKEND_NAMES.join(', ')}`, 'reference')
    .option('--device <name>', `where the backend onnx runs: one of ${DEVICES.join(', ')}`, 'cpu')
    .option('--tolerance <x>', 'worst error allowed (default: 1e-11 in float64, 2e-5 in float32)', number)
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      '\nExamples:\n  cf conformance --backend tfjs-cpu\n  cf conformance --goldens losses.json --backend reference\n  cf conformance --backend onnx --device webgpu\n',
    )
    .action(async (flags: ConformanceFlags) => {
      process.exitCode = await runConformance(flags);
    });
}

async function runConformance({
  goldens,
  backend: name,
  device,
  tolerance,
  json,
}: ConformanceFlags): Promise<number> {
  const file =
    goldens === undefined
      ? await embeddedGoldens()
      : parseGoldens(await readGiven('--goldens', goldens), goldens);
  requireChoice('device', device, name === 'onnx' ? DEVICES : ['cpu']);
  if (device !== 'cpu') prepareDevice(device as Device);
  const backend = await openBackend(name, { device: device as Device, askedBy: `--backend ${name}` });
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
