import { CfError, printable, UnknownNameError } from '@cf/core';
import { Command } from 'commander';
import { openRanks } from '../distributed/open-ranks.ts';
import { type TrainingRanks, withRanks } from '../distributed/training-ranks.ts';
import { DivergedError, UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { dryRunLines } from '../report/dry-run-text.ts';
import { formatSeconds } from '../report/progress.ts';
import { leaveTelling } from '../report/quiet.ts';
import { resultLines } from '../report/result-text.ts';
import { resultsAsJson } from '../report/score-model.ts';
import { dryRun } from '../run/dry-run.ts';
import type { RunEvent } from '../run/events.ts';
import { dropUntrained, type RunFolder } from '../run/run-folder.ts';
import { train } from '../run/train.ts';
import { configJsonSchema } from '../settings/documents.ts';
import type { TrainFlags } from '../settings/fields.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { givenFlags, refuseBeside } from './explicit-flags.ts';
import { InterruptedError, withInterruption } from './interruption.ts';
import { BESIDE_RESUME, openTraining } from './open-training.ts';
import { trainOptions } from './train-options.ts';

/** `cf train`. */
export function trainCommand(): Command {
  const command = new Command('train').description(
    'Train a face embedding with a margin loss, and verify it.',
  );
  for (const option of trainOptions()) command.addOption(option);
  return command.addHelpText('after', EXAMPLES).action(async () => {
    const flags: TrainFlags = givenFlags(command);
    refuseOthers(flags, command);
    if (flags.printSchema) return console.log(JSON.stringify(configJsonSchema(), undefined, 2));
    process.exitCode = await withInterruption((signal) =>
      onRanks(flags, (ranks) => runTrain(flags, signal, ranks)),
    );
  });
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
  cf train --data train.rec --pairs lfw.bin --backbone iresnet18
      an InsightFace pack and one of its verification sets, as they are
  cf train --data people.csv --backbone iresnet18
      a list of pictures: path, identity, and if wanted split, difficulty and weight
  cf train --data faces --backbone iresnet18 --data-memory 2GiB --augment-colour 0.3 --augment-blur 0.1
      more pictures than fit into memory, changed in more ways
  cf train --data faces --backbone iresnet18 --sampler pk:32x4 --class-weights balanced
  cf train --pixels 32
      a linear embedding on small grey pictures of drawn identities
  cf train --loss ./my-loss.ts --loss-option margin=0.3
      a loss of your own: a module whose default export is a marginLoss(…), or makes one of its options
  cf train --loss arcface --weighting focal --weighting-option gamma=1
  cf train --checkpoint-every 10min --keep-checkpoints 3 --validate-every 1 --early-stopping 5
      scores the pairs after each epoch, keeps the best, and ends when five scores were no better
  cf train --resume runs/mine
  cf train --config run.yaml --epochs 40 --out runs/longer
      the training of a file, with one value changed
  mpirun -np 4 cf train --data faces --backbone iresnet18 --distributed mpi --out runs/four
      four processes share the class centers, and the pictures of each batch
  cf train --data faces --backbone iresnet18 --dry-run
      shapes, parameters, memory, steps and time; nothing is written
  cf train --json | jq 'select(.event == "step") | .loss'
  cf train --resume runs/mine --epochs 40
      goes on past the epochs first asked for
  cf train --data others --backbone mobilefacenet --init-from runs/mine --new-centers mean
      fine-tunes: class centers of the same names stay, the others start at the mean embedding of their pictures
  cf train --data faces --backbone onnx:backbone.onnx --head-from head.safetensors
      class centers and t of a published PyTorch module, or of cf export --head; the classes are in the order of the labels
  cf train --config runs/mine/config.json --init-from runs/mine --drop-suspects runs/mine/suspects.jsonl --sub-centers 1
      goes on without the pictures that cf data suspects has listed
`;

/** A configuration that is there already takes no other flags. */
function refuseOthers({ resume, printSchema }: TrainFlags, command: Command): void {
  if (printSchema)
    refuseBeside(command, '--print-schema', () => true, 'the schema is the same for all flags.');
  if (resume !== undefined) {
    const fix =
      'a resumed run keeps its folder and configuration; leave the other flag out, or start a new run.';
    refuseBeside(command, '--resume', (name) => !BESIDE_RESUME.has(name), fix);
  }
}

/** Does the work once; or of ranks, each its part. */
async function onRanks(
  { distributed, distributedTimeout, syncBn, dryRun: isDry }: TrainFlags,
  work: (ranks: TrainingRanks | undefined) => Promise<number>,
): Promise<number> {
  const fix = 'leave one of them out.';
  if (distributed === undefined && syncBn)
    throw new UsageError(
      '--sync-bn without --distributed',
      'both, or neither',
      'leave it out: one process sees all pictures.',
    );
  if (distributed === undefined && distributedTimeout === undefined) return work(undefined);
  if (distributed === undefined)
    throw new UsageError('--distributed-timeout without --distributed', 'both, or neither', fix);
  if (distributed !== 'mpi') throw new UnknownNameError('--distributed', distributed, ['mpi']);
  if (isDry) throw new UsageError('--distributed with --dry-run', 'one of them', fix);
  const engine = await openRanks(distributedTimeout);
  // mpirun hands this one on, and Slurm sends it before the time of a job is over.
  process.once('SIGUSR2', () => void process.emit('SIGTERM'));
  if (engine.rank > 0) leaveTelling();
  return withRanks(engine, work);
}

async function runTrain(
  flags: TrainFlags,
  signal: AbortSignal,
  ranks: TrainingRanks | undefined,
): Promise<number> {
  const emit = (event: RunEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
  const isTold = ranks?.isFirst ?? true;
  const onEvent = flags.json && isTold ? emit : undefined;
  const print = (line: string): void =>
    onEvent === undefined ? console.log(printable(line)) : onEvent({ event: 'note', text: line });
  const say = isTold ? print : (): void => {};
  const telling = { signal, say, onEvent, ranks };
  try {
    return flags.dryRun ? await tryRun(flags, telling) : await runTraining(flags, telling);
  } catch (error) {
    if (error instanceof CfError) onEvent?.({ event: 'error', code: error.code, message: error.message });
    throw error;
  }
}

/** How a call is told of. */
interface Telling {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Of `--json`. */
  readonly onEvent: ((event: RunEvent) => void) | undefined;
  /** That the call is shared out over. */
  readonly ranks: TrainingRanks | undefined;
}

async function tryRun(flags: TrainFlags, { signal, say, onEvent }: Telling): Promise<number> {
  const { config, place } = await openTraining(flags, say);
  try {
    const found = await dryRun(config, { place, signal, say });
    if (onEvent !== undefined) onEvent({ event: 'dry-run', ...found });
    else for (const line of dryRunLines(found)) say(line);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    return tellInterrupted(undefined, say);
  }
}

async function runTraining(flags: TrainFlags, { signal, say, onEvent, ranks }: Telling): Promise<number> {
  const started = performance.now();
  const { config, place } = await openTraining(flags, say, ranks);
  let opened = place.found;
  const open = async (): Promise<RunFolder> => {
    opened = await place.open();
    return opened;
  };
  try {
    const { run, interrupted, results } = await train(config, { ...place, open, onEvent }, signal, say);
    const seconds = (performance.now() - started) / 1000;
    for (const result of resultsAsJson(results)) onEvent?.({ event: 'result', ...result });
    if (interrupted) tellInterrupted(run, say);
    else {
      for (const line of resultLines(results)) say(line);
      const [report, model] = [run.file('report'), run.file(modelFile(config))];
      say(`done in ${formatSeconds(seconds)}; report: ${report}, model: ${model}`);
    }
    const peakMemory = 1024 * process.resourceUsage().maxRSS;
    onEvent?.({ event: 'done', run: run.path, seconds, peakMemory, interrupted });
    return interrupted ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    if (error instanceof InterruptedError) return tellInterrupted(opened, say);
    const isUntrained = opened !== undefined && !place.resume && !(error instanceof DivergedError);
    // Where that fails too, what is told is why the training did.
    if (isUntrained) await dropUntrained(opened!).catch(() => {});
    throw error;
  } finally {
    await opened?.release?.();
  }
}

function modelFile(config: TrainConfig): 'network' | 'layers' {
  return config.train === 'all' && config.network.kind === 'layers' ? 'layers' : 'network';
}

function tellInterrupted(run: RunFolder | undefined, say: (line: string) => void): number {
  say(
    run === undefined
      ? 'interrupted; nothing was written'
      : `interrupted; go on with: cf train --resume ${run.path}`,
  );
  return EXIT.interrupted;
}
