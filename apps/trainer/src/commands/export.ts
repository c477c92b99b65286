import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '@cf/data';
import { Command } from 'commander';
import { OutputError, UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { exportCenters, exportEmbeddings } from '../run/export-tensors.ts';
import { readOutcome } from '../run/kept-checkpoints.ts';
import { noCheckpoint, openRunFolder } from '../run/run-folder.ts';
import { readConfig } from '../settings/check-config.ts';
import { interruptedExit, withInterruption } from './interruption.ts';

interface ExportFlags {
  readonly run: string;
  readonly out: string;
  readonly embeddings: boolean;
}

/** `cf export`. */
export function exportCommand(): Command {
  return new Command('export')
    .description('Write class centers and embeddings of a run as safetensors.')
    .requiredOption('--run <folder>', 'the folder of a training')
    .requiredOption('--out <folder>', 'where centers.safetensors and embeddings.safetensors go')
    .option('--no-embeddings', 'class centers alone, which need no picture')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: ExportFlags) => {
      process.exitCode = await withInterruption((signal) => runExport(flags, signal));
    });
}

const EXAMPLES = `
Both are of the best checkpoint where a training was scored on its way, else of the newest one. centers.safetensors has
'centers' [C·K, d] and, where the loss has one, 'bias'; embeddings.safetensors has 'embeddings' [N, d] of the pictures that are
trained on, not normalised. Names of identities and pictures are JSON lists in the metadata.

Examples:
  cf export --run runs/mine --out exported
  cf export --run runs/mine --out exported --no-embeddings
  python -c "from safetensors import safe_open; print(safe_open('exported/centers.safetensors', 'np').metadata()['identities'])"
`;

async function runExport({ run: path, out, embeddings }: ExportFlags, signal: AbortSignal): Promise<number> {
  const run = await openRunFolder(path);
  const config = await readConfig(run.file('config'));
  await requireOther(out, path);
  const kept = await readOutcome(run);
  if (kept === undefined) throw noCheckpoint(run);
  const say = (line: string): void => console.log(line);
  await makeFolder(out).catch((cause: unknown) => {
    throw new OutputError(out, cause);
  });
  try {
    const centers = join(out, 'centers.safetensors');
    await exportCenters(centers, kept);
    say(`${kept.state.classes.length} identities after step ${kept.state.step}: ${centers}`);
    if (!embeddings) return EXIT.ok;
    const file = join(out, 'embeddings.safetensors');
    const place = { resume: true, readsOnly: true, featuresFrom: undefined, open: async () => run };
    const count = await exportEmbeddings(file, kept, config, { place, signal, say });
    say(`${count} pictures: ${file}`);
    return EXIT.ok;
  } catch (error) {
    return interruptedExit(error, 'interrupted; the embeddings were not written');
  }
}

/** A run's folder is its training's to write to. @throws UsageError */
async function requireOther(out: string, run: string): Promise<void> {
  const place = await realpath(out).catch(() => resolve(out));
  if (place !== (await realpath(run))) return;
  throw new UsageError(
    `--out ${out}, which is the folder of the run`,
    'another folder: what is in that one belongs to the training',
    'name another folder, such as one inside of it.',
  );
}
