import { basename, join, resolve } from 'node:path';
import { requireChoice, requireInteger } from '@cf/core';
import { RANGE_METHODS, type RangeMethod, type WeightType } from '@cf/onnx';
import type { PublishedCenters } from '@cf/training';
import { Command } from 'commander';
import { ProblemList } from '../dataset/problem-list.ts';
import { refuseFileSettings } from '../embedding/given-models.ts';
import type { FileSettings } from '../engines/onnx-file.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { runFacts } from '../export/card-facts.ts';
import { makeExportFolder, requireOutsideRun } from '../export/export-folder.ts';
import type { NetworkQuantisation } from '../export/quantise-network.ts';
import { type ScoredData, writeModel } from '../export/write-model.ts';
import type { KeptTraining } from '../run/checkpoint.ts';
import { machineFacts } from '../run/environment.ts';
import { exportCenters, exportEmbeddings, exportHead } from '../run/export-tensors.ts';
import { readOutcome } from '../run/kept-checkpoints.ts';
import { noCheckpoint, openRunFolder, RUN_FILES, type RunFolder, unfinishedRun } from '../run/run-folder.ts';
import { checkSection, readConfig } from '../settings/check-config.ts';
import { onnxInput } from '../settings/fields.ts';
import { onnxFile } from '../settings/situation.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { refuseWithout } from './explicit-flags.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { addFileOptions } from './model-options.ts';
import { number } from './options.ts';

interface ExportFlags extends FileSettings {
  readonly run?: string;
  readonly model?: string;
  readonly out: string;
  readonly embeddings: boolean;
  readonly tensors: boolean;
  readonly head?: string;
  readonly licence?: string;
  readonly quantise?: string | true;
  readonly calibration: string;
  readonly calibrationPictures: number;
  readonly data?: string;
  readonly pairs?: string;
  readonly pairsFolds?: string;
}

const OF_QUANTISATION = new Set(['pairs', 'data', 'pairsFolds', 'calibration', 'calibrationPictures']);
/** 1.5 GB as floats of 112×112. */
const MOST_CALIBRATION = 10_000;
const PUBLISHED_CENTERS: readonly PublishedCenters[] = ['kernel', 'weight'];
const WEIGHTS: readonly WeightType[] = ['uint8', 'int8'];

/** `cf export`. */
export function exportCommand(): Command {
  const command = new Command('export')
    .description(
      'Write the model of a run with its card, its class centers and embeddings as safetensors; or a file of ONNX with its card.',
    )
    .option('--run <folder>', 'the folder of a training')
    .option('--model <onnx:FILE>', 'a file of ONNX, in place of a run')
    .requiredOption('--out <folder>', 'where everything goes')
    .option('--no-embeddings', 'class centers alone, which need no picture')
    .option('--no-tensors', 'model and card alone, neither class centers nor embeddings')
    .option(
      '--head <names>',
      'also write head.safetensors, class centers, bias and t by the names of published PyTorch modules: kernel, as [d, C], or weight, as [C·K, d]',
    )
    .option('--licence <text>', 'licence of the model, such as mit or cc-by-nc-4.0 (default: none is stated)')
    .option(
      '--quantise [weights]',
      `also write model.uint8.onnx: activations in uint8, weights in ${WEIGHTS.join(' or ')} (uint8 where nothing is said)`,
    )
    .option(
      '--calibration <method>',
      `how ranges are chosen: one of ${RANGE_METHODS.join(', ')}`,
      'squared-error',
    )
    .option(
      '--calibration-pictures <n>',
      `pictures of training, not scored, that ranges are seen on; they are kept in memory, so at most ${MOST_CALIBRATION}`,
      number,
      128,
    )
    .option('--data <folder>', 'with --model and --quantise: pictures, one folder an identity')
    .option(
      '--pairs <file>',
      "pairs to score both files on (default: the run's, or people held out of --data)",
    )
    .option('--pairs-folds <list>', 'folds of --pairs to score; the others choose the threshold')
    .addHelpText('after', EXAMPLES);
  return addFileOptions(command).action(async (flags: ExportFlags) => {
    if (flags.quantise === undefined)
      refuseWithout(
        command,
        '--quantise',
        (name) => OF_QUANTISATION.has(name),
        'add it, or score with cf eval.',
      );
    process.exitCode = await withInterruption((signal) => runExport(flags, signal));
  });
}

const EXAMPLES = `
model.onnx has its card in its metadata and beside it (README.md): preprocessing, data, loss, scores, licence, and the lines
that run it in Node and in a browser. Of a run it is the trained model. Class centers and embeddings are of the best
checkpoint where a training was scored on its way, else of the newest one. centers.safetensors has 'centers' [C·K, d] and,
where the loss has one, 'bias'; embeddings.safetensors has 'embeddings' [N, d] of the pictures that are trained on, not
normalised. --head writes head.safetensors: 'kernel', as CurricularFace and AdaFace have it, or 'weight', as ArcFace and CosFace,
with 'bias' and 't' where the loss has them, for load_state_dict, and for cf train --head-from. Names of identities and pictures are JSON lists in the metadata.

--quantise calibrates on pictures that are trained on and not scored, scores both files on the same pairs, and tells what
was lost, here and in the card.

Examples:
  cf export --run runs/mine --out exported
  cf export --run runs/mine --out exported --no-tensors --licence mit --quantise
  cf export --run runs/mine --out exported --no-embeddings
  cf export --run runs/mine --out exported --no-embeddings --head kernel
  cf export --model onnx:insightface.onnx --input insightface --data lfw-112 --pairs pairs.txt --quantise --out exported
  python -c "from safetensors import safe_open; print(safe_open('exported/centers.safetensors', 'np').metadata()['identities'])"
`;

async function runExport(flags: ExportFlags, signal: AbortSignal): Promise<number> {
  const say = (line: string): void => console.log(line);
  const { run, model } = flags;
  if ((run === undefined) === (model === undefined))
    throw new UsageError(
      run === undefined ? 'neither --run nor --model' : 'both --run and --model',
      'one of them',
      'name what is to be exported.',
    );
  if (run !== undefined) refuseWithRun(flags);
  if (!flags.tensors && !flags.embeddings)
    throw new UsageError(
      '--no-tensors with --no-embeddings',
      'one of them',
      'the first leaves model and card, the second class centers.',
    );
  const head = headNames(flags);
  const quantisation = quantisationOf(flags);
  try {
    if (run === undefined) await exportFile(onnxFile(model!), flags, { quantisation, head, signal, say });
    else await exportRun(run, flags, { quantisation, head, signal, say });
    return EXIT.ok;
  } catch (error) {
    return interruptedExit(error, 'interrupted; what was not told above was not written');
  }
}

interface Surroundings {
  readonly quantisation: NetworkQuantisation | undefined;
  readonly head: PublishedCenters | undefined;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** What a run knows by itself. @throws UsageError */
function refuseWithRun(flags: ExportFlags): void {
  refuseFileSettings(flags);
  if (flags.data !== undefined)
    throw new UsageError('--run with --data', 'one of them', 'a run knows it: leave the flag out.');
}

/** @throws UsageError for a file of ONNX, which has none; OptionOutOfRangeError */
function headNames({ head, run }: ExportFlags): PublishedCenters | undefined {
  if (head === undefined) return undefined;
  requireChoice('head', head, PUBLISHED_CENTERS);
  if (run === undefined)
    throw new UsageError(
      '--head with --model',
      '--run',
      'a file of ONNX has no class centers; name a training.',
    );
  return head as PublishedCenters;
}

/** @throws UsageError, OptionOutOfRangeError */
function quantisationOf(flags: ExportFlags): NetworkQuantisation | undefined {
  const { quantise, calibration, calibrationPictures } = flags;
  if (quantise === undefined) return undefined;
  const weights = quantise === true ? 'uint8' : quantise;
  requireChoice('quantise', weights, WEIGHTS);
  requireChoice('calibration', calibration, RANGE_METHODS);
  requireInteger('calibration-pictures', calibrationPictures, 1, MOST_CALIBRATION);
  return {
    weights: weights as WeightType,
    method: calibration as RangeMethod,
    pictures: calibrationPictures,
  };
}

async function exportRun(path: string, flags: ExportFlags, surroundings: Surroundings): Promise<void> {
  const { out, embeddings, tensors, licence } = flags;
  const { quantisation, signal, say, head } = surroundings;
  const run = await openRunFolder(path);
  const config = await readConfig(run.file('config'));
  await requireOutsideRun(out, path);
  const kept = await readOutcome(run);
  if (kept === undefined) throw noCheckpoint(run);
  const isFinished = await run.has('network');
  if (!isFinished && (quantisation !== undefined || !tensors))
    throw unfinishedRun(run, `a run with ${RUN_FILES.network}`);
  const on = quantisation && { ...quantisation, on: runData(config, flags) };
  await makeExportFolder(out);
  const pictures = tensors
    ? await exportTensors(kept, config, { out, embeddings, run, signal, say })
    : undefined;
  if (head !== undefined) {
    const file = join(out, 'head.safetensors');
    await exportHead(file, kept, head);
    say(`head as '${head}': ${file}`);
  }
  // Class centers alone were asked for.
  if (!embeddings && quantisation === undefined) return;
  if (!isFinished) return say(`no model: ${run.path} has no ${RUN_FILES.network} yet`);
  const { classes, step } = kept.state;
  await writeModel({
    file: run.file('network'),
    settings: undefined,
    out,
    name: basename(resolve(path)),
    facts: { ...(await runFacts(run, config, { identities: classes.length, step, pictures })), licence },
    quantisation: on,
    problems: new ProblemList(),
    signal,
    say,
  });
}

/** @returns how many pictures are trained on, where they were looked at */
async function exportTensors(
  kept: KeptTraining,
  config: TrainConfig,
  {
    out,
    embeddings,
    run,
    signal,
    say,
  }: Pick<ExportFlags, 'out' | 'embeddings'> &
    Omit<Surroundings, 'quantisation' | 'head'> & { readonly run: RunFolder },
): Promise<number | undefined> {
  const centers = join(out, 'centers.safetensors');
  await exportCenters(centers, kept);
  say(`${kept.state.classes.length} identities after step ${kept.state.step}: ${centers}`);
  if (!embeddings) return undefined;
  const file = join(out, 'embeddings.safetensors');
  const place = { resume: true, readsOnly: true, featuresFrom: undefined, open: async () => run };
  const count = await exportEmbeddings(file, kept, config, { place, signal, say });
  say(`${count} pictures: ${file}`);
  return count;
}

/** The pictures of a run, with its own pairs or others. @throws UsageError for pairs beside drawn pictures */
function runData(config: TrainConfig, { pairs, pairsFolds }: ExportFlags): ScoredData {
  const { data, evaluation, seed } = config;
  if (pairs === undefined) {
    if (pairsFolds === undefined) return { data, evaluation, seed };
    return { data, evaluation: { ...evaluation, pairsFolds }, seed };
  }
  if (data.kind === 'synthetic')
    throw new UsageError('--pairs, and a run on drawn pictures', "the run's own pairs", 'leave --pairs out.');
  return { data, evaluation: { ...evaluation, pairs, pairsFolds }, seed };
}

async function exportFile(file: string, flags: ExportFlags, surroundings: Surroundings): Promise<void> {
  const { out, licence, data, pairs, pairsFolds } = flags;
  const { quantisation, signal, say } = surroundings;
  if (quantisation !== undefined && data === undefined)
    throw new UsageError('--quantise without --data', 'pictures to calibrate on', 'give --data.');
  const settings = checkSection(onnxInput, flags);
  await makeExportFolder(out);
  const on = quantisation && {
    ...quantisation,
    on: {
      data: { kind: 'folder', root: data!, minImages: 1, checkContent: false } as const,
      evaluation: { pairs, pairsFolds },
      seed: 0,
    },
  };
  await writeModel({
    file,
    settings,
    out,
    name: basename(file),
    facts: {
      data: undefined,
      loss: undefined,
      training: undefined,
      scores: undefined,
      environment: await machineFacts(),
      licence,
    },
    quantisation: on,
    problems: new ProblemList(),
    signal,
    say,
  });
}
