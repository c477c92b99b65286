import { printable, requireInteger } from '@cf/core';
import { type Match, search } from '@cf/eval';
import { Command, Option } from 'commander';
import { ProblemList } from '../dataset/problem-list.ts';
import {
  type ChosenThreshold,
  chooseThreshold,
  chosenText,
  DEFAULT_FAR,
  type ThresholdFlags,
} from '../embedding/choose-threshold.ts';
import { type OpenedGallery, openGallery } from '../embedding/open-gallery.ts';
import { type ModelFlags, openEmbeddingModel } from '../embedding/open-model.ts';
import { openProbeMaker, type Probe } from '../embedding/probe-pictures.ts';
import { probesOfPictures } from '../embedding/probes-of-pictures.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { refuseBeside, refuseWithout } from './explicit-flags.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { addModelOptions } from './model-options.ts';
import { number } from './options.ts';

interface SearchFlags extends ModelFlags, ThresholdFlags {
  readonly gallery: string;
  readonly picture: readonly string[];
  readonly top: number;
  readonly score: 'max' | 'mean';
  readonly align: boolean;
  readonly json: boolean;
}

/** Adds the flags that say from where on two pictures show one person. */
export function addThresholdOptions(command: Command): Command {
  return command
    .option('--far <rate>', `false accept rate that the threshold is of (default: ${DEFAULT_FAR})`, number)
    .option('--threshold <score>', 'the threshold itself, a cosine', number)
    .option('--pairs <file>', 'a scored set whose impostor pairs show the rate, as cf eval takes it')
    .option('--data <folder>', 'pictures of an LFW list that is --pairs');
}

/** A threshold that is given needs nothing to be taken from; a rate is one. @throws UsageError, before a picture is read */
export function checkThresholdFlags(command: Command, { threshold, far, pairs }: ThresholdFlags): void {
  if (far !== undefined && !(far > 0 && far <= 1))
    throw new UsageError(`--far ${far}`, 'a rate above 0, 1 at most', 'write it as --far 1e-3.');
  // Thresholds that nobody reaches lie a little above 1.
  if (threshold !== undefined && !(Math.abs(threshold) <= 1.0001))
    throw new UsageError(`--threshold ${threshold}`, 'a cosine, −1 to 1', 'write it as --threshold 0.4.');
  if (threshold === undefined) {
    if (pairs === undefined)
      refuseWithout(command, '--pairs', (name) => name === 'data', 'give the list whose pictures it has.');
    return;
  }
  const others = new Set(['far', 'pairs', 'data']);
  refuseBeside(command, '--threshold', (name) => others.has(name), 'a threshold stands for itself.');
}

/** `cf search`. */
export function searchCommand(): Command {
  const command = new Command('search')
    .description('Name the identities that are nearest to a picture.')
    .requiredOption(
      '--gallery <path>',
      'who is known: a file of cf embed (.safetensors, .npy), or pictures as cf embed takes them',
    )
    .requiredOption('--picture <file...>', 'pictures to search for')
    .option('--top <n>', 'identities to name of each', number, 5)
    .addOption(
      new Option('--score <name>', 'of an identity: of its nearest picture, or to the mean of its pictures')
        .choices(['max', 'mean'])
        .default('max'),
    )
    .option('--align', 'photographs: find their faces first, and search for each of them', false)
    .option('--flip', 'sum the embeddings of picture and mirror image', false)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', EXAMPLES);
  addModelOptions(addThresholdOptions(command));
  return command.action(async (flags: SearchFlags) => {
    checkThresholdFlags(command, flags);
    process.exitCode = await withInterruption((signal) => runSearch(flags, signal));
  });
}

const EXAMPLES = `
The threshold is that of a false accept rate (--far) on pairs of two people: those of --pairs; else of the evaluation of
the run, where it has that rate; else all of the gallery. A rate that the pairs are too few to show is refused.

Pictures are aligned crops, like those that the network was trained on; with --align they are photographs, whose faces
are all searched for, the largest and most central one first, and so is a folder as --gallery (crops of cf data align are
taken as they are).

The exit code is 0 where a picture was searched for, whether or not anybody was found; 3 where none could be.

Examples:
  cf embed --model onnx:backbone.onnx --data lfw-112 --out lfw.safetensors
  cf search --model onnx:backbone.onnx --gallery lfw.safetensors --picture who.jpg --far 1e-4
  cf search --run runs/mine --gallery people --picture party.jpg --align --top 1
  cf search --run runs/mine --gallery people --picture a.jpg b.jpg --pairs lfw.bin --far 1e-3 --json
  cf search --model onnx:backbone.onnx --gallery lfw.safetensors --picture who.jpg --threshold 0.4
`;

async function runSearch(flags: SearchFlags, signal: AbortSignal): Promise<number> {
  const { gallery: path, picture: pictures, top, json, flip, align, score } = flags;
  requireInteger('top', top, 1, 1_000_000);
  const problems = new ProblemList('all of them with --json');
  const say = (line: string): void => void process.stderr.write(`${printable(line)}\n`);
  const options = { strict: false, onProblem: problems.add, signal, say };
  const model = await openEmbeddingModel(flags);
  try {
    const maker = await openProbeMaker(model, { flip, align });
    try {
      const probes = await probesOfPictures(maker, pictures, options);
      if (probes.length === 0) return EXIT.data;
      const gallery = await openGallery(path, model, { flip, align, score }, options);
      const chosen = await chooseThreshold(flags, model, gallery, options);
      const all = new Float32Array(probes.length * model.dim);
      for (const [at, { embedding }] of probes.entries()) all.set(embedding, at * model.dim);
      const found = search(gallery.index, all, { top });
      const results = probes.map((probe, at) => ({ probe, matches: found[at]! }));
      console.log(json ? asJson(results, chosen, gallery) : asText(results, chosen, gallery));
      return EXIT.ok;
    } finally {
      await maker.close();
    }
  } catch (error) {
    return interruptedExit(error, 'interrupted');
  } finally {
    await model.dispose();
  }
}

interface Result {
  readonly probe: Probe;
  readonly matches: readonly Match[];
}

/** Of strangers, the share that finds somebody: that of at least one of N pictures, were they independent. */
function strangersFinding({ index }: OpenedGallery, { far }: ChosenThreshold): number | undefined {
  return far === undefined ? undefined : 1 - (1 - far) ** index.labels.length;
}

function asText(results: readonly Result[], chosen: ChosenThreshold, gallery: OpenedGallery): string {
  const { index, count, pictures } = gallery;
  const strangers = strangersFinding(gallery, chosen);
  const lines = [
    `${count} pictures of ${index.identities.length} identities in ${gallery.name}`,
    chosenText(chosen),
    ...(strangers === undefined || strangers < 0.01
      ? []
      : [
          `of people who are not in it, up to ${(100 * strangers).toFixed(0)} % would find somebody above it: the more are known, the lower --far should be`,
        ]),
  ];
  for (const { probe, matches } of results) {
    lines.push(probeName(probe));
    for (const { identity, score, row } of matches) {
      const nearest =
        pictures === undefined || pictures[row]!.identity === '' ? '' : `, ${pictures[row]!.picture}`;
      lines.push(
        `  ${score.toFixed(4)}  ${score >= chosen.threshold ? 'same ' : 'below'}  ${identity}${nearest}`,
      );
    }
  }
  return lines.map(printable).join('\n');
}

/** What a probe is called. */
export function probeName({ picture, face, box }: Probe): string {
  if (face === undefined || box === undefined) return picture;
  const [left, top, width, height] = [box.left, box.top, box.width, box.height].map(Math.round);
  return `${picture}, face ${face[0]} of ${face[1]}: ${width}×${height} at ${left}, ${top}`;
}

function asJson(results: readonly Result[], chosen: ChosenThreshold, gallery: OpenedGallery): string {
  const strangers = strangersFinding(gallery, chosen);
  return JSON.stringify({
    ...chosen,
    ...(strangers !== undefined && { strangersFinding: strangers }),
    gallery: { pictures: gallery.count, identities: gallery.index.identities.length },
    results: results.map(({ probe, matches }) => ({
      picture: probe.picture,
      ...(probe.box && { face: probe.face![0], box: probe.box }),
      matches: matches.map(({ identity, score, row }) => ({
        identity,
        score,
        same: score >= chosen.threshold,
        ...(gallery.pictures && { picture: gallery.pictures[row]!.picture }),
      })),
    })),
  });
}
