import { printable } from '@cf/core';
import { htmlReport } from '@cf/eval';
import { learnerOptimiser, sgd } from '@cf/training';
import { Command } from 'commander';
import { pairsDataset } from '../dataset/file-pairs.ts';
import { ProblemList, problemsText } from '../dataset/problem-list.ts';
import { readablePairs } from '../dataset/verification-pairs.ts';
import { chooseDevice } from '../engines/choose-device.ts';
import { DEVICE_CHOICES, type Device, deviceChoice } from '../engines/device.ts';
import { type FileSettings, readModelFile } from '../engines/onnx-file.ts';
import { type Embedder, openOnnxEmbedding } from '../engines/onnx-network.ts';
import { RunFolderError, UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { FeatureExtractor } from '../features/feature-extractor.ts';
import { embedTable, extractFeatures } from '../features/feature-table.ts';
import { layersBackbone } from '../features/layers-backbone.ts';
import { featuresOf } from '../features/linear-embedding.ts';
import { onnxBackbone } from '../features/onnx-backbone.ts';
import { openExtractor } from '../features/open-extractor.ts';
import { accuracyNote, accuracyText, thresholdText } from '../report/result-text.ts';
import { scoreCharts } from '../report/score-charts.ts';
import { resultsAsJson, scoreModel } from '../report/score-model.ts';
import type { PairResult } from '../report/score-pairs.ts';
import { atomicWrite } from '../run/atomic-write.ts';
import { openRunFolder, RUN_FILES } from '../run/run-folder.ts';
import { checkSection } from '../settings/check-config.ts';
import { onnxInput } from '../settings/fields.ts';
import { longFlag, propertyOf, type Setting } from '../settings/setting.ts';
import { onnxFile } from '../settings/situation.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { optionsOf } from './train-options.ts';

interface EvalFlags extends FileSettings {
  readonly model?: string;
  readonly run?: string;
  readonly data?: string;
  readonly pairs: string;
  readonly pairsFolds?: string;
  readonly device: string;
  readonly flip: boolean;
  readonly strict: boolean;
  readonly json: boolean;
  readonly report?: string;
}

/** `cf eval`. */
export function evalCommand(): Command {
  const command = new Command('eval')
    .description('Score a run or an ONNX file on pairs of pictures.')
    .option('--model <onnx:FILE>', 'an ONNX backbone, as it is')
    .option('--run <folder>', 'the folder of a training')
    .option('--data <folder>', 'pictures of an LFW list, one folder an identity, in the layout of LFW')
    .requiredOption(
      '--pairs <file>',
      'LFW list of pairs, a verification set with its pictures (lfw.bin), or a list of paths (.csv, .tsv, .jsonl)',
    )
    .option('--pairs-folds <list>', 'folds to score; the others choose the threshold (default: all)')
    .option('--device <name>', `where the network runs: one of ${DEVICE_CHOICES.join(', ')}`, 'cpu')
    .option('--flip', 'sum the embeddings of picture and mirror image', false)
    .option('--strict', 'stop at the first unreadable picture', false)
    .option('--json', 'print one JSON object', false)
    .option('--report <file>', 'also write a page with ROC and scores')
    .addHelpText('after', EXAMPLES);
  for (const one of Object.values<Setting>(onnxInput))
    for (const option of optionsOf(one)) command.addOption(option);
  return command.action(async (flags: EvalFlags) => {
    process.exitCode = await withInterruption((signal) => runEval(flags, signal));
  });
}

const EXAMPLES = `
Accuracy is the mean over the scored folds, each at the threshold that is best on all other folds.

Examples:
  cf eval --model onnx:backbone.onnx --data lfw-112 --pairs pairs.txt
  cf eval --model onnx:backbone.onnx --input insightface --data lfw-112 --pairs pairs.txt
  cf eval --run runs/mine --data lfw-112 --pairs pairs.txt --pairs-folds 10 --flip
  cf eval --run runs/mine --pairs lfw.bin --flip
  cf eval --run runs/mine --pairs pairs.csv
      columns a and b (paths), same (1 or 0), and if wanted fold
`;

async function runEval(flags: EvalFlags, signal: AbortSignal): Promise<number> {
  const { extractor, embedding } = await openModel(flags);
  const problems = new ProblemList();
  try {
    const policy = { onProblem: problems.add, strict: flags.strict };
    const { images, verification } = await pairsDataset(flags.pairs, flags.pairsFolds, flags.data, policy);
    const mirror = (): boolean => flags.flip;
    const features = await extractFeatures('embedding', images, extractor, { ...policy, mirror, signal });
    const table = embedding === undefined ? features : await embedTable(features, embedding);
    const name = flags.run ?? extractor.name;
    const result = scoreModel(name, table, verification).at(-1)!.result;
    const unscored = verification.missing + readablePairs(verification, table.indices).dropped;
    const found = problems.all.length;
    if (!flags.json) for (const note of extractor.notes ?? []) console.log(printable(note));
    const json = { ...resultsAsJson([{ name, result }])[0], problems: found, unscoredPairs: unscored };
    console.log(flags.json ? JSON.stringify(json) : asText(printable(name), result, found, unscored));
    if (flags.report !== undefined) await atomicWrite(flags.report, await evalReport(name, flags, result));
    return EXIT.ok;
  } catch (error) {
    return interruptedExit(error);
  } finally {
    await extractor.dispose();
    await embedding?.dispose();
  }
}

interface OpenModel {
  readonly extractor: FeatureExtractor;
  /** Of what the extractor gives; undefined takes that as it is. */
  readonly embedding?: Embedder;
}

async function openModel(flags: EvalFlags): Promise<OpenModel> {
  if ((flags.model === undefined) === (flags.run === undefined)) {
    throw new UsageError(
      flags.model === undefined ? 'neither --model nor --run' : 'both --model and --run',
      'one of them',
      'name what is to be scored.',
    );
  }
  const settings = checkSection(onnxInput, flags);
  const choice = deviceChoice(flags.device);
  const work = { network: { optimiser: learnerOptimiser({ rule: sgd() }) } };
  // What is printed is the result alone.
  const device = await chooseDevice(
    choice,
    work,
    (line) => void process.stderr.write(`${printable(line)}\n`),
  );
  if (flags.model !== undefined)
    return { extractor: await onnxBackbone(onnxFile(flags.model), settings, device) };
  for (const one of Object.values<Setting>(onnxInput)) {
    if (flags[propertyOf(one) as keyof FileSettings] === undefined) continue;
    throw new UsageError(`--run with ${longFlag(one)}`, 'one of them', 'a run knows it: leave the flag out.');
  }
  const run = await openRunFolder(flags.run!);
  if (await run.has('network')) return openNetwork(run.file('network'), device);
  requireProcessor(device);
  // Written after model.json.
  if (await run.has('layersWeights')) return { extractor: await layersBackbone(run) };
  if (await run.has('earlierModel')) {
    throw new RunFolderError(
      `'${run.file('earlierModel')}', of an earlier version`,
      `a run with ${RUN_FILES.network}`,
      `train it again: cf train --config ${run.file('config')} --features-from ${run.path}`,
    );
  }
  throw new RunFolderError(
    `'${run.path}', whose training is not finished`,
    'a run with a model',
    `finish it with: cf train --resume ${run.path}`,
  );
}

/** @throws UsageError for a layers model anywhere else */
function requireProcessor(device: Device): void {
  if (device === 'cpu') return;
  throw new UsageError(
    `--device ${device} and a run without ${RUN_FILES.network}`,
    'a network of ONNX, which onnxruntime runs there',
    'leave --device out.',
  );
}

/** The network of a run, with what gives it its features where it stands on some. */
async function openNetwork(file: string, device: Device): Promise<OpenModel> {
  const model = await readModelFile(file);
  const features = featuresOf(model, file);
  if (features === undefined) return { extractor: await onnxBackbone(file, {}, device) };
  return {
    extractor: await openExtractor(features, device),
    embedding: await openOnnxEmbedding(model, device),
  };
}

/**
 * @param problems pictures, folders and pairs with something wrong
 * @param unscored pairs that lack a readable picture
 */
function asText(name: string, result: PairResult, problems: number, unscored: number): string {
  const { report } = result;
  const lines = [
    `${name}: ${report.genuinePairs} genuine and ${report.impostorPairs} impostor pairs`,
    `accuracy  ${accuracyText(result)} (${accuracyNote(result)})`,
    `AUC       ${report.auc.toFixed(5)}`,
    `EER       ${report.eer.toFixed(4)}`,
    ...report.tarAtFar.map(({ far, tar, status, impostorPairs, required }) =>
      tar === null
        ? `TAR       at FAR ${far.toExponential(0)}: ${status} (${impostorPairs} of ${required})`
        : `TAR       at FAR ${far.toExponential(0)}: ${tar.toFixed(4)}`,
    ),
    `best threshold on these pairs ${bestThresholdText(result)}, accuracy there ${report.bestAccuracy.toFixed(4)}`,
  ];
  if (problems > 0) lines.push(problemsText(problems, unscored));
  return lines.join('\n');
}

/** One that accepts no pair is the next number above the highest score. */
function bestThresholdText({ report, genuine, impostor }: PairResult): string {
  const highest = [...genuine, ...impostor].reduce(
    (high, score) => Math.max(high, score),
    Number.NEGATIVE_INFINITY,
  );
  return report.bestThreshold > highest
    ? `above every score (${thresholdText(highest)} is the highest)`
    : thresholdText(report.bestThreshold);
}

async function evalReport(name: string, flags: EvalFlags, result: PairResult): Promise<string> {
  const { report } = result;
  return htmlReport({
    title: `Verification of ${name}`,
    subtitle: flags.pairs,
    summary: [
      {
        label: 'accuracy',
        value: accuracyText(result),
        note: accuracyNote(result),
      },
      { label: 'area under ROC', value: report.auc.toFixed(5) },
      { label: 'equal error rate', value: report.eer.toFixed(4) },
    ],
    charts: await scoreCharts([{ name, result }], name),
    tables: [
      {
        title: 'TAR at FAR',
        columns: ['FAR', 'TAR', 'threshold'],
        rows: report.tarAtFar.map(({ far, tar, threshold: at, status }) => [
          far,
          tar === null ? status : tar.toFixed(4),
          at === null ? null : thresholdText(at),
        ]),
      },
    ],
    config: flags,
  });
}
