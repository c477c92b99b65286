import { text } from 'node:stream/consumers';
import { LOSS_NAMES, requireChoice } from '@cf/core';
import { learnerOptimiser, type RowClipping, sgd } from '@cf/training';
import { Command, Option } from 'commander';
import { benchBackbone } from '../bench/backbone/bench-backbone.ts';
import { type BackboneBenchOptions, type BackboneReport, BENCH_MODELS } from '../bench/backbone/report.ts';
import type { TfjsTraining } from '../bench/backbone/tfjs-step.ts';
import { benchHead } from '../bench/head/bench-head.ts';
import { benchUpdate, formatUpdate } from '../bench/head/bench-update.ts';
import { formatHead } from '../bench/head/format-head.ts';
import { benchLoss, type HeadTask } from '../bench/head/head-task.ts';
import { measureHead } from '../bench/head/measure-head.ts';
import { measureParts, type PartsTask } from '../bench/head/measure-parts.ts';
import { measureUpdate, type UpdateTask } from '../bench/head/measure-update.ts';
import type { TfjsTask } from '../bench/head/tfjs-peer.ts';
import { chooseDevice, PROVEN_CLASSES } from '../engines/choose-device.ts';
import { DEVICE_CHOICES, deviceChoice } from '../engines/device.ts';
import { KERNEL_CHOICES } from '../engines/kernel-choice.ts';
import { MEMORY_CHOICES } from '../engines/memory-choice.ts';
import { BACKEND_NAMES } from '../engines/open-backend.ts';
import { requireTfjs, type TfjsName } from '../engines/open-framework.ts';
import { centerClipping } from '../settings/center-clipping.ts';
import { benchAlignCommand } from './bench-align.ts';
import { checkCommand } from './bench-check.ts';
import { benchDataCommand, dataTaskCommand } from './bench-data.ts';
import { benchEmbedCommand } from './bench-embed.ts';
import { benchRanksCommand, ranksTaskCommand } from './bench-ranks.ts';
import { scalingCommand } from './bench-scaling.ts';
import { benchSearchCommand } from './bench-search.ts';
import { refuseBeside, refuseWithout } from './explicit-flags.ts';
import { number } from './options.ts';

interface HeadFlags extends Omit<HeadTask, 'regime' | 'device'> {
  readonly device: string;
  readonly peers: boolean;
  readonly python: string;
  readonly json: boolean;
  readonly update?: 'plain' | 'fused';
  readonly disk?: string;
  readonly clipCenters?: RowClipping;
}

/** `cf bench`. */
export function benchCommand(): Command {
  return new Command('bench')
    .description('Measure speed and memory, beside the limit of the machine and beside others.')
    .addCommand(headCommand())
    .addCommand(backboneCommand())
    .addCommand(scalingCommand(measure))
    .addCommand(benchDataCommand(measure))
    .addCommand(benchAlignCommand())
    .addCommand(benchEmbedCommand())
    .addCommand(benchSearchCommand())
    .addCommand(benchRanksCommand(measure('ranks-task')))
    .addCommand(checkCommand())
    .addCommand(taskCommand(), { hidden: true })
    .addCommand(backboneTaskCommand(), { hidden: true })
    .addCommand(dataTaskCommand(), { hidden: true })
    .addCommand(ranksTaskCommand(), { hidden: true });
}

function headCommand(): Command {
  const command = new Command('head')
    .description("A loss's forward and backward pass over all classes, gradients of X and W delivered.")
    .option('--batch <n>', 'embeddings a step', number, 256)
    .option('--dim <n>', 'length of an embedding', number, 512)
    .option('--classes <n>', 'class centers', number, 20_000)
    .option('--sub-centers <k>', 'class centers of each class', number, 1)
    .option('--loss <name>', `one of ${LOSS_NAMES.join(', ')}`, 'curricularface')
    .option('--backend <name>', `one of ${BACKEND_NAMES.join(', ')}`, 'onnx')
    .addOption(
      new Option('--kernels <name>', 'what multiplies on the processor')
        .choices(KERNEL_CHOICES)
        .default('auto'),
    )
    .option('--steps <n>', RUNS, number, 15)
    .option('--diagnostics', 'count the hard negatives in every step', false)
    .option('--seed <n>', 'of the batch', number, 1)
    .addOption(
      new Option(
        '--update <name>',
        'measure a step with the update of the class centers: fused, tile by tile, or plain, beside the other',
      ).choices(['fused', 'plain']),
    )
    .option('--disk <folder>', 'with --update: W and momentum as memory-mapped files there')
    .option(
      '--clip-centers <limit>',
      'with --update: the largest length of a row of ∂W (row:x), or of all of it (norm:x)',
      centerClipping,
    )
    .option('--no-peers', 'leave other implementations out');
  return withSharedOptions(command, [
    '--json',
    '--classes 1000000 --steps 3 --no-peers',
    '--classes 1000000 --batch 64 --steps 3 --update fused',
    '--classes 200000 --update fused --clip-centers norm:1',
    '--classes 10000000 --batch 64 --steps 1 --update fused --disk /mnt/large',
    '--loss sphereface2',
    '--loss arcface --sub-centers 3',
    '--backend tfjs-wasm --batch 128 --classes 10000',
  ]).action(
    async ({ peers, python, json, device: choice, update, disk, clipCenters, ...task }: HeadFlags) => {
      if (task.backend !== 'onnx')
        refuseBeside(
          command,
          `--backend ${task.backend}`,
          (name) => name === 'device' || name === 'kernels',
          ONNX_ALONE,
        );
      if (task.backend.startsWith('tfjs-')) {
        const fix = 'TensorFlow.js is measured with curricularface on tensors, on its own threads.';
        const without = new Set(['loss', 'subCenters', 'threads', 'seed', 'python']);
        refuseBeside(command, `--backend ${task.backend}`, (name) => without.has(name), fix);
      }
      const loss = benchLoss({ loss: task.loss, classes: PROVEN_CLASSES });
      const head = { loss, classes: PROVEN_CLASSES, subCenters: task.subCenters };
      const device = await chooseDevice(deviceChoice(choice), { head }, say);
      if (update === undefined)
        refuseWithout(command, '--update', (name) => OF_UPDATE.has(name), UPDATE_ALONE);
      else {
        refuseBeside(command, '--update', (name) => WITHOUT_UPDATE.has(name), UPDATE_ALONE);
        const given = { ...task, device, update, clipCenters };
        return print(
          await benchUpdate(given, measure('head-task'), { folder: disk, say }),
          json,
          formatUpdate,
        );
      }
      print(
        await benchHead({ ...task, device }, measure('head-task'), { peers, python, say }),
        json,
        formatHead,
      );
    },
  );
}

interface BackboneFlags extends Omit<BackboneBenchOptions, 'device'> {
  readonly device: string;
  readonly engine: string;
  readonly json: boolean;
}

function backboneCommand(): Command {
  const command = new Command('backbone')
    .description('Training speed of a backbone: forward and backward, to the gradients of all weights.')
    .option('--model <name>', `one of ${BENCH_MODELS.join(', ')}`, 'tiny-iresnet')
    .option('--batch <n>', 'pictures a step', number, 64)
    .option('--runs <n>', RUNS, number, 5)
    .option(
      '--rounds <n>',
      'times that ours and PyTorch are measured, in turn; the middle is told',
      number,
      1,
    )
    .option('--engine <name>', ENGINES, 'onnx')
    .addOption(
      new Option('--kernels <name>', 'what computes on the processor')
        .choices(KERNEL_CHOICES)
        .default('auto'),
    )
    .addOption(
      new Option('--memory <choice>', 'low: compute activations again instead of keeping them')
        .choices(MEMORY_CHOICES)
        .default('normal'),
    )
    .option('--no-layers', 'leave out the rate of every layer shape')
    .option('--no-peer', 'leave PyTorch out');
  return withSharedOptions(command, [
    '--model mobilefacenet --batch 64 --json',
    '--model iresnet18 --batch 64 --memory low --no-layers',
    '--engine tfjs --batch 8',
  ]).action(async ({ json, engine, device: choice, ...given }: BackboneFlags) => {
    requireChoice('engine', engine, ['onnx', 'tfjs']);
    if (engine === 'onnx') {
      const network = { optimiser: learnerOptimiser({ rule: sgd() }) };
      const options = { ...given, device: await chooseDevice(deviceChoice(choice), { network }, say) };
      return print(await benchBackbone(options, measure('backbone-task')), json, formatBackbone);
    }
    const options = given;
    requireChoice('model', options.model, ['tiny-iresnet']);
    const fix = 'TensorFlow.js is measured on its wasm and cpu backends, each on one thread.';
    const without = new Set(['threads', 'device', 'kernels', 'memory', 'layers', 'peer', 'python', 'rounds']);
    refuseBeside(command, '--engine tfjs', (name) => without.has(name), fix);
    requireTfjs('wasm', '--engine tfjs');
    // Loaded only when chosen: its framework is large, and optional.
    const { benchTfjs } = await import('../bench/backbone/tfjs-step.ts');
    print(await benchTfjs(options.batch, options.runs), json, formatTfjs);
  });
}

const RUNS = 'steps that count; the median is told';
const ENGINES = 'onnx; or tfjs: tiny-iresnet on wasm with the training kernels, beside tfjs on cpu';

const ONNX_ALONE =
  'devices and kernels are of the backend onnx; other backends have names of their own for it.';

const WITHOUT_UPDATE: ReadonlySet<string> = new Set(['peers', 'python']);
const OF_UPDATE: ReadonlySet<string> = new Set(['disk', 'clipCenters']);
const UPDATE_ALONE =
  'a step with its update is measured fused beside plain, W and momentum of one of them on the --disk.';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function withSharedOptions(command: Command, examples: readonly string[]): Command {
  const calls = examples.map((flags) => `  cf bench ${command.name()} ${flags}\n`);
  return command
    .option('--device <name>', `where onnxruntime runs: one of ${DEVICE_CHOICES.join(', ')}`, 'cpu')
    .option('--threads <n>', 'threads of the processor', number, globalThis.navigator.hardwareConcurrency)
    .option('--python <path>', 'a Python that has torch', '/usr/bin/python3')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', `\nExamples:\n${calls.join('')}`);
}

function print<Report>(report: Report, json: boolean, format: (report: Report) => string): void {
  console.log(json ? JSON.stringify(report) : format(report));
}

function formatTfjs({ batch, cpuBatch, wasmMs, cpuMs, ratio }: TfjsTraining): string {
  return [
    `tiny-iresnet on TensorFlow.js, a training step:`,
    `wasm with the training kernels: ${wasmMs.toFixed(0)} ms for ${batch} pictures`,
    `cpu: ${cpuMs.toFixed(0)} ms for ${cpuBatch}; a picture takes ${ratio.toFixed(0)} times as long as on wasm`,
  ].join('\n');
}

function formatBackbone(report: BackboneReport): string {
  const { model, batch, threads, peer, ratioToPeer } = report;
  const rate = (value: number | undefined): string => (value?.toFixed(0) ?? '–').padStart(7);
  return [
    `${model}, batch ${batch}, ${threads} threads, ${report.computedBy}: ${report.imagesPerSecond.toFixed(1)} images/s`,
    `forward ${(1000 * report.forwardSeconds).toFixed(0)} ms, backward ${(1000 * report.backwardSeconds).toFixed(0)} ms`,
    `${report.gflopPerSecond.toFixed(0)} GFLOP/s, ${(100 * report.shareOfLimit).toFixed(0)} % of the matrix product's ${report.limitGflopPerSecond.toFixed(0)}`,
    'skipped' in peer
      ? `PyTorch: not measured, ${peer.skipped}`
      : `${peer.library} ${peer.version}: ${peer.imagesPerSecond.toFixed(1)} images/s; ours is ${ratioToPeer!.toFixed(2)} times as fast`,
    memoryText(report),
    ...lowMemoryText(report),
    ...(report.layers.length === 0 ? [] : ['GFLOP/s: forward, input gradient, weight gradient']),
    ...report.layers.map(
      ({ layer, count, forward, inputGradient, weightGradient }) =>
        `${rate(forward)}${rate(inputGradient)}${rate(weightGradient)}  ${count} × ${layer}`,
    ),
  ].join('\n');
}

function memoryText({ peakExtraMiB, peer, memoryRatioToPeer }: BackboneReport): string {
  if (peakExtraMiB === null) return 'memory: unknown here, the system has no /proc';
  const own = `memory: ${peakExtraMiB.toFixed(0)} MiB at most, beyond library, weights and pictures`;
  if ('skipped' in peer || memoryRatioToPeer === undefined) return own;
  return `${own}; ${peer.library} ${peer.peakExtraMiB!.toFixed(0)} MiB, ${memoryRatioToPeer.toFixed(2)} times ours`;
}

function lowMemoryText({ normal, imagesPerSecond, peakExtraMiB }: BackboneReport): readonly string[] {
  if (normal === undefined) return [];
  const [kept, low] = [normal.peakExtraMiB, peakExtraMiB];
  const less =
    kept === null || low === null ? '' : `${(kept - low).toFixed(0)} MiB less of ${kept.toFixed(0)}, `;
  return [`memory low: ${less}${(normal.imagesPerSecond / imagesPerSecond).toFixed(2)} times the time`];
}

/** This very program, asked for one measurement. */
function measure(task: 'head-task' | 'backbone-task' | 'data-task' | 'ranks-task'): readonly string[] {
  return [...process.execArgv, process.argv[1]!, 'bench', task];
}

/** One measurement, in a process of its own; the task comes as JSON. */
function taskCommand(): Command {
  return new Command('head-task').action(async () => {
    const task = JSON.parse(await text(process.stdin)) as HeadTask | PartsTask | TfjsTask | UpdateTask;
    if ('plain' in task)
      requireTfjs(task.backend.slice('tfjs-'.length) as TfjsName, `--backend ${task.backend}`);
    // Loaded only when asked for: its framework is large, and optional.
    const measured =
      'plain' in task
        ? await (await import('../bench/head/measure-tfjs.ts')).measureTfjs(task)
        : 'update' in task
          ? await measureUpdate(task)
          : 'parts' in task
            ? await measureParts(task)
            : await measureHead(task);
    // Some frameworks write to the output on their own.
    console.log(`\n${JSON.stringify(measured)}`);
  });
}

function backboneTaskCommand(): Command {
  return new Command('backbone-task').action(async () => {
    const { measureBackbone } = await import('../bench/backbone/measure-backbone.ts');
    console.log(JSON.stringify(await measureBackbone(JSON.parse(await text(process.stdin)))));
  });
}
