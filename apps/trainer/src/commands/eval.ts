import { printable, requireInteger } from '@cf/core';
import { Command } from 'commander';
import { cropsIn } from '../dataset/aligned-data.ts';
import type { LoadOptions } from '../dataset/image-source.ts';
import { ProblemList } from '../dataset/problem-list.ts';
import { givenModels } from '../embedding/given-models.ts';
import { openModels } from '../embedding/open-model.ts';
import { DEVICE_CHOICES } from '../engines/device.ts';
import type { FileSettings } from '../engines/onnx-file.ts';
import { UsageError } from '../errors.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import { evaluationJson } from '../evaluation/evaluation-json.ts';
import { evaluationPage } from '../evaluation/evaluation-page.ts';
import { checkEvaluationFlags, type EvaluationFlags, evaluationSet } from '../evaluation/evaluation-set.ts';
import { evaluationText } from '../evaluation/evaluation-text.ts';
import { EXIT } from '../exit-codes.ts';
import { tell } from '../report/tell.ts';
import { atomicWrite } from '../run/atomic-write.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { addFileOptions } from './model-options.ts';
import { number, several } from './options.ts';

interface EvalFlags extends FileSettings, EvaluationFlags {
  readonly model?: readonly string[];
  readonly run?: readonly string[];
  readonly align?: true;
  readonly resamples: number;
  readonly device: string;
  readonly flip: boolean;
  readonly threads?: number;
  readonly strict: boolean;
  readonly json: boolean;
  readonly report?: string;
}

/** `cf eval`. */
export function evalCommand(): Command {
  const command = new Command('eval')
    .description('Score runs or ONNX files on pairs of pictures, and on how they find people among others.')
    .option('--model <onnx:FILE>', 'an ONNX backbone, as it is; several are compared', several)
    .option('--run <folder>', 'the folder of a training; several are compared', several)
    .option('--data <folder>', 'pictures of an LFW list, one folder an identity, in the layout of LFW')
    .option(
      '--pairs <file>',
      'LFW list of pairs, a verification set with its pictures (lfw.bin), or a list of paths (.csv, .tsv, .jsonl)',
    )
    .option('--pairs-folds <list>', 'folds to score; the others choose the threshold (default: all)')
    .option(
      '--identification [list]',
      'find people in a gallery: of a list (path, identity, split gallery or probe), or among those in --data',
    )
    .option(
      '--templates <file>',
      'pairs and searches are of templates, each of several pictures (template, path, media …)',
    )
    .option('--align', 'the pictures in --data are photographs: crops of their faces are made first')
    .option('--resamples <n>', 'of the intervals and tests; 0 for none', number, 1000)
    .option('--device <name>', `where the network runs: one of ${DEVICE_CHOICES.join(', ')}`, 'cpu')
    .option('--threads <n>', 'that the network runs on (default: the number of processors)', number)
    .option('--flip', 'sum the embeddings of picture and mirror image', false)
    .option('--strict', 'stop at the first unreadable picture', false)
    .option('--json', 'print one JSON object', false)
    .option('--report <file>', 'also write a page with the curves, scores and tables')
    .addHelpText('after', EXAMPLES);
  return addFileOptions(command).action(async (flags: EvalFlags) => {
    process.exitCode = await withInterruption((signal) => runEval(flags, signal));
  });
}

const EXAMPLES = `
Accuracy is the mean over the scored folds, each at the threshold that is best on all other folds. Intervals hold 95 %:
identities are drawn anew with replacement, where folders say who is who, else pairs that share a picture together.

Examples:
  cf eval --model onnx:backbone.onnx --data lfw-112 --pairs pairs.txt
  cf eval --model onnx:insightface.onnx --input insightface --data lfw-112 --pairs pairs.txt
  cf eval --run runs/mine --data lfw-112 --pairs pairs.txt --pairs-folds 10 --flip
  cf eval --run runs/mine --pairs lfw.bin --flip
  cf eval --run runs/mine --pairs pairs.csv
      columns a and b (paths), same (1 or 0), and if wanted fold
  cf eval --run runs/a --run runs/b --pairs lfw.bin --report both.html
      which is better, by how much, and whether chance would do
  cf eval --run runs/mine --data lfw-112 --identification
      the first picture of everybody who has several is the gallery; people of one picture are strangers
  cf eval --run runs/mine --identification searches.csv
      columns path, identity, split (gallery or probe)
  cf eval --run runs/mine --templates templates.csv --pairs template-pairs.csv
      columns template, path, and if wanted media (frames of one video), identity, split; pairs of templates
`;

async function runEval(flags: EvalFlags, signal: AbortSignal): Promise<number> {
  const given = givenModels(flags);
  checkEvaluationFlags(flags);
  checkCount(flags.resamples);
  checkAlign(flags);
  if (flags.threads !== undefined) requireInteger('threads', flags.threads, 1, 1024);
  const models = await openModels(given, flags);
  const problems = new ProblemList();
  try {
    const policy = { onProblem: problems.add, strict: flags.strict, signal };
    const set = await evaluationSet({ ...flags, ...(await alignedFolder(flags, policy)) }, policy);
    const evaluation = await evaluate(models, set, { ...flags, ...policy });
    const found = problems.all.length;
    if (flags.json) console.log(JSON.stringify(evaluationJson(evaluation, found)));
    else {
      for (const note of new Set(models.flatMap(({ notes }) => notes))) console.log(printable(note));
      console.log(evaluationText(evaluation, found));
    }
    if (flags.report !== undefined) {
      const scored = [flags.pairs, set.searches?.from].filter((one) => one !== undefined).join(', ');
      await atomicWrite(flags.report, await evaluationPage(evaluation, scored, flags));
    }
    return EXIT.ok;
  } catch (error) {
    return interruptedExit(error);
  } finally {
    for (const model of models) await model.dispose();
  }
}

function checkCount(resamples: number): void {
  if (Number.isInteger(resamples) && resamples >= 0 && resamples <= 1e6) return;
  throw new UsageError(
    `--resamples ${resamples}`,
    'a whole number from 0 to 1000000',
    'leave it out for 1000.',
  );
}

function checkAlign({ align, data, templates }: EvalFlags): void {
  if (align !== true || (data !== undefined && templates === undefined)) return;
  const beside = data === undefined ? 'without --data' : 'with --templates';
  throw new UsageError(`--align ${beside}`, 'the photographs of --data', 'align others with cf data align.');
}

/** The folder of the crops, where photographs are to be aligned. */
async function alignedFolder(
  { align, data }: EvalFlags,
  policy: LoadOptions,
): Promise<{ readonly data?: string }> {
  return align === true ? { data: await cropsIn(data!, { ...policy, say: tell }) } : {};
}
