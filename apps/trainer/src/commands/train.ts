import { BACKBONE_NAMES } from '@cf/backbones';
import { LOSS_NAMES } from '@cf/core';
import { Command } from 'commander';
import { readConfig } from '../config/read-config.ts';
import { resolveConfig, type TrainFlags, trainedPart } from '../config/resolve-config.ts';
import { ENGINES, TRAINED_PARTS, type TrainConfig } from '../config/train-config.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { createRunFolder, openRunFolder, type RunFolder } from '../run/run-folder.ts';
import type { RunPlace } from '../training/job.ts';
import { BACKEND_NAMES } from '../training/open-backend.ts';
import { train } from '../training/train.ts';
import { formatSeconds } from '../ui/progress.ts';
import { resultLines } from '../verification/result-text.ts';
import { refuseBeside } from './explicit-flags.ts';
import { InterruptedError, withInterruption } from './interruption.ts';
import { DEFAULT_DIFFICULTY, number, several } from './options.ts';

/** `cf train`. */
export function trainCommand(): Command {
  return new Command('train')
    .description('Train a face embedding with a margin loss, and verify it.')
    .option('--data <folder>', 'pictures, one folder an identity (default: drawn identities)')
    .option('--people <file>', 'LFW list of people; train on these only')
    .option('--folds <list>', 'folds of --people to train on, such as 1-9')
    .option('--min-images <n>', 'leave out identities with fewer pictures', number, 2)
    .option('--identities <n>', 'drawn identities, a fifth of them held out', number, 200)
    .option('--images-per-identity <n>', 'pictures of each drawn identity', number, 20)
    .option('--difficulty <x>', 'of the drawn pictures, 0 to 2', number, DEFAULT_DIFFICULTY)
    .option(
      '--backbone <name>',
      `${BACKBONE_NAMES.join(', ')}, onnx:FILE, or tfjs:model.json (default: tiny-iresnet)`,
    )
    .option(
      '--train <part>',
      `${TRAINED_PARTS.join(' or ')}: every layer, or a linear embedding on fixed features (default: all)`,
    )
    .option('--freeze-until <node>', 'with onnx:FILE: this node and all before it stay as they are')
    .option('--freeze-bn', 'with onnx:FILE: normalisations stay as they are')
    .option('--no-augment-flip', 'train on pictures without mirroring every second one')
    .option('--augment-shift <pixels>', 'how far pictures move at random in training (default: 3)', number)
    .option('--threads <n>', 'threads of one operator (default: the number of processors)', number)
    .option('--pixels <side>', 'train an embedding on grey pictures of this side (default: 32)', number)
    .option('--dim <n>', 'length of the embedding (default: 128, or as the backbone says)', number)
    .option('--loss <name>', `one of ${LOSS_NAMES.join(', ')}`, 'curricularface')
    .option('--scale <s>', 'scale of the cosines (default: 32; 16 for a network on drawn identities)', number)
    .option(
      '--margin <m>',
      'margin of the loss (default: its own; 0.3 for a network on drawn identities)',
      number,
    )
    .option('--alpha <a>', 'weight of a new batch in t: official, paper, tface or a number')
    .option('--loss-option <name=value>', 'any other option of the loss; may be repeated', several)
    .option('--weighting <name>', 'focal, ohem or self-paced, around the loss')
    .option('--weighting-option <name=value>', 'an option of the weighting; may be repeated', several)
    .option('--engine <name>', `${ENGINES.join(' or ')}: what runs the network (default: onnx)`)
    .option('--head <backend>', `one of ${BACKEND_NAMES.join(', ')}`)
    .option(
      '--epochs <n>',
      'passes over the pictures (default: 15; 4 on drawn identities, 3 for onnx:FILE, 10 for an embedding)',
      number,
    )
    .option('--batch <n>', 'pictures a batch (default: 128; 32 for a network on drawn identities)', number)
    .option('--accumulate <n>', 'batches an optimiser step', number, 1)
    .option('--lr <rate>', 'learning rate (default: 0.1; 0.01 for onnx:FILE, 0.02 for an embedding)', number)
    .option('--momentum <m>', 'momentum of SGD', number, 0.9)
    .option('--weight-decay <w>', 'weight decay of SGD', number, 5e-4)
    .option('--schedule <name>', 'constant, cosine or step', 'cosine')
    .option(
      '--warmup-steps <n>',
      'steps over which the learning rate rises (default: 60; 0 for an embedding)',
      number,
    )
    .option('--seed <n>', 'same seed, same run', number, 0)
    .option('--pairs <file>', 'LFW list of pairs to score (default: pairs of identities held out)')
    .option('--pairs-folds <list>', 'folds of --pairs to score; the others choose the threshold')
    .option('--no-flip', 'leave out the scores of picture and mirror image summed')
    .option('--control', 'also train on shuffled labels (default for an embedding)')
    .option('--no-control', 'leave out the control run on shuffled labels')
    .option('--strict', 'stop at the first unreadable picture', false)
    .option('--out <folder>', 'where everything is written (default: runs/<date>)')
    .option('--features-from <folder>', 'a run on the same pictures and backbone, to take its features from')
    .option('--config <file>', 'a config.json in place of all flags above')
    .option('--resume <folder>', 'continue an interrupted run from its checkpoint')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: RunFlags, command: Command) => {
      refuseIgnored(flags, command);
      process.exitCode = await withInterruption((signal) => runTrain(flags, signal));
    });
}

interface RunFlags extends TrainFlags {
  readonly out?: string;
  readonly config?: string;
  readonly resume?: string;
  readonly featuresFrom?: string;
}

const EXAMPLES = `
Examples:
  cf train
      a small network on drawn identities, end to end, CurricularFace
  cf train --data faces --backbone onnx:backbone.onnx --out runs/mine
      your own pictures, all layers of your own backbone; a fifth of the identities is held out for scoring
  cf train --data faces --backbone onnx:backbone.onnx --train embedding
      the backbone stays as it is, and a linear embedding on top is trained: fast
  cf train --data lfw-112 --people people.txt --folds 1-9 --pairs pairs.txt --pairs-folds 10
      LFW from scratch: train on nine folds, score the tenth
  cf train --pixels 32
      a linear embedding on small grey pictures of drawn identities
  cf train --loss arcface --weighting focal --weighting-option gamma=1
  cf train --resume runs/mine
`;

const DRAWN = new Set(['identities', 'imagesPerIdentity', 'difficulty']);

/** No flag is passed over in silence. */
function refuseIgnored(flags: RunFlags, command: Command): void {
  const { resume, config, data, backbone } = flags;
  if (resume !== undefined) {
    const fix =
      'a resumed run keeps its folder and configuration; leave the other flag out, or start a new run.';
    refuseBeside(command, '--resume', (name) => name !== 'featuresFrom', fix);
  }
  if (config !== undefined) {
    const fix = 'change the value in the file, or give all of it as flags.';
    refuseBeside(command, '--config', (name) => name !== 'featuresFrom' && name !== 'out', fix);
  }
  if (data !== undefined)
    refuseBeside(command, '--data', (name) => DRAWN.has(name), 'the flag is for drawn identities.');
  else if (command.getOptionValueSource('minImages') === 'cli') {
    throw new UsageError(
      '--min-images without --data',
      '--data as well',
      'the flag is for folders of pictures.',
    );
  }
  if (backbone !== undefined)
    refuseBeside(
      command,
      '--backbone',
      (name) => name === 'pixels',
      'the backbone says which size it takes.',
    );
  if (resume === undefined && config === undefined) refuseOtherPart(flags, command);
}

const NETWORK_ONLY = new Set(['engine', 'freezeUntil', 'freezeBn', 'augmentFlip', 'augmentShift', 'threads']);
const EMBEDDING_ONLY = new Set(['pixels', 'featuresFrom']);
const FILE_ONLY = new Set(['freezeUntil', 'freezeBn']);

/** Flags that belong to the other kind of training, or to another kind of backbone. */
function refuseOtherPart(flags: RunFlags, command: Command): void {
  const part = trainedPart(flags);
  const others = part === 'all' ? EMBEDDING_ONLY : NETWORK_ONLY;
  const flag = flags.train === undefined && part === 'embedding' ? '--pixels' : `--train ${part}`;
  const fix = `the flag is for ${part === 'all' ? '--train embedding' : 'networks that are trained: --train all'}.`;
  refuseBeside(command, flag, (name) => others.has(name), fix);
  const onTfjs = flags.engine === 'tfjs' || flags.backbone?.startsWith('tfjs:');
  if (onTfjs) {
    const own = 'TensorFlow.js chooses its threads.';
    refuseBeside(command, 'the engine tfjs', (name) => name === 'threads', own);
  }
  if (flags.backbone?.startsWith('onnx:')) return;
  const kind = flags.backbone?.startsWith('tfjs:') ? 'a layers model' : 'a built-in backbone';
  refuseBeside(command, kind, (name) => FILE_ONLY.has(name), 'the flag is for onnx:FILE.');
}

async function runTrain(flags: RunFlags, signal: AbortSignal): Promise<number> {
  const say = (line: string): void => console.log(line);
  const started = performance.now();
  const { config, place } = await openTraining(flags);
  let opened: RunFolder | undefined;
  const open = async (): Promise<RunFolder> => {
    opened = await place.open();
    return opened;
  };
  try {
    const { run, interrupted, results } = await train(config, { ...place, open }, signal, say);
    if (interrupted) return tellInterrupted(run);
    for (const line of resultLines(results)) say(line);
    const seconds = formatSeconds((performance.now() - started) / 1000);
    say(`done in ${seconds}; report: ${run.file('report')}, model: ${run.file(modelFile(config))}`);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof InterruptedError) return tellInterrupted(opened);
    throw error;
  }
}

function modelFile(config: TrainConfig): 'model' | 'network' | 'layers' {
  if (config.train === 'embedding') return 'model';
  return config.network.kind === 'layers' ? 'layers' : 'network';
}

function tellInterrupted(run: RunFolder | undefined): number {
  console.log(
    run === undefined
      ? 'interrupted; nothing was written'
      : `interrupted; go on with: cf train --resume ${run.path}`,
  );
  return EXIT.interrupted;
}

async function openTraining(flags: RunFlags): Promise<{ config: TrainConfig; place: RunPlace }> {
  const featuresFrom = flags.featuresFrom === undefined ? undefined : await openRunFolder(flags.featuresFrom);
  if (flags.resume !== undefined) {
    const run = await openRunFolder(flags.resume);
    const config = await readConfig(run.file('config'));
    return { config, place: { resume: true, featuresFrom, open: async () => run } };
  }
  const config = flags.config === undefined ? resolveConfig(flags) : await readConfig(flags.config);
  const path = flags.out ?? `runs/${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`;
  const open = async (): Promise<RunFolder> => {
    const run = await createRunFolder(path);
    await run.writeText('config', `${JSON.stringify(config, undefined, 2)}\n`);
    return run;
  };
  return { config, place: { resume: false, featuresFrom, open } };
}
