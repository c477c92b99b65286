import { requireChoice, requireInteger } from '@cf/core';
import { type Model, onnxModel } from '@cf/onnx';
import { MEMORY_CHOICES } from '../../engines/memory-choice.ts';
import { KEEP_MEMORY } from '../../keep-memory.ts';
import { bestProductRate } from '../product-rate.ts';
import { answer } from '../python.ts';
import { type CountedShape, convShapes, operationsOf } from './conv-shapes.ts';
import { layerRates } from './layer-rates.ts';
import { benchNetwork } from './measure-backbone.ts';
import { measurePeer } from './peer.ts';
import {
  type BackboneBenchOptions,
  type BackboneReport,
  type BackboneTask,
  BENCH_MODELS,
  type PeerReport,
} from './report.ts';
import type { TrainingStep } from './training-step.ts';

/**
 * Measures how fast a backbone trains on the CPU and in how much memory: whole steps without the loss, the matrix
 * product's limit, every convolution shape on its own, and PyTorch on the same network where it is present.
 *
 * Ours and PyTorch are measured in processes of their own, in turn, `rounds` times; the round whose ratio is in the
 * middle is told. On glibc both have the environment that keeps large buffers: otherwise these are given back to the
 * system and fetched again in every step.
 *
 * @param measureCommand the arguments with which Node runs a task from stdin and prints its measurement
 * @throws OptionOutOfRangeError for an unknown model, or a number that is not a positive integer
 */
export async function benchBackbone(
  options: BackboneBenchOptions,
  measureCommand: readonly string[],
): Promise<BackboneReport> {
  const { layers, peer, python, rounds, ...task } = options;
  const { model, batch, threads, runs, device = 'cpu', memory = 'normal' } = task;
  requireChoice('model', model, BENCH_MODELS);
  requireChoice('memory', memory, MEMORY_CHOICES);
  for (const [name, value] of Object.entries({ batch, threads, runs, rounds }))
    requireInteger(name, value, 1, 65536);
  const network = benchNetwork(model);
  const onnx = onnxModel(network);
  const limitGflopPerSecond = (await bestProductRate(threads, device)) / 1e9;
  const shapes = convShapes(onnx, network.inputSize);
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const step = await measuredApart(task, measureCommand);
    const others = peer ? await measurePeer(task, python) : { skipped: 'not asked for' };
    const normal = memory === 'low' && (await measuredApart({ ...task, memory: 'normal' }, measureCommand));
    measured.push({ ...besidePeer(step, others), ...(normal && { normal }) });
  }
  const middle = middleOf(measured);
  const gflopPerImage = operationsOfStep(onnx, shapes) / 1e9;
  const gflopPerSecond = gflopPerImage * middle.step.imagesPerSecond;
  return {
    ...task,
    rounds,
    ...middle.step,
    gflopPerImage,
    gflopPerSecond,
    limitGflopPerSecond,
    shareOfLimit: gflopPerSecond / limitGflopPerSecond,
    layers: layers ? await layerRates(shapes, { ...task, runs: Math.min(runs, 3) }) : [],
    peer: middle.peer,
    ...(middle.normal && { normal: middle.normal }),
    ...middle.ratios,
  };
}

/**
 * Measures training steps in a process of their own.
 *
 * @param limitSeconds after which it is ended
 */
export function measuredApart(
  task: BackboneTask,
  measureCommand: readonly string[],
  limitSeconds?: number,
): Promise<TrainingStep> {
  const environment = { ...process.env, ...KEEP_MEMORY };
  const args = ['--expose-gc', ...measureCommand];
  return answer(process.execPath, args, task, { environment, limitSeconds });
}

/** Both sides, one after the other. */
interface Round {
  readonly step: TrainingStep;
  readonly normal?: TrainingStep;
  readonly peer: PeerReport;
  readonly ratios: Pick<BackboneReport, 'ratioToPeer' | 'memoryRatioToPeer'>;
}

function besidePeer(step: TrainingStep, peer: PeerReport): Round {
  if ('skipped' in peer) return { step, peer, ratios: {} };
  const [own, others] = [step.peakExtraMiB, peer.peakExtraMiB];
  return {
    step,
    peer,
    ratios: {
      ratioToPeer: step.imagesPerSecond / peer.imagesPerSecond,
      ...(own === null || others === null ? {} : { memoryRatioToPeer: others / own }),
    },
  };
}

/** The round whose ratio, or else whose rate, is in the middle. */
function middleOf(rounds: readonly Round[]): Round {
  const value = ({ ratios, step }: Round): number => ratios.ratioToPeer ?? step.imagesPerSecond;
  return rounds.toSorted((a, b) => value(a) - value(b))[Math.floor(rounds.length / 2)]!;
}

/** Forward, input's gradient (not of the first layer) and weights' gradient cost the same each. */
export function operationsOfStep(backbone: Model, shapes: readonly CountedShape[]): number {
  const convolutions = shapes.reduce(
    (sum, { shape, count }) => sum + count * operationsOf(shape) * (shape.isFirst ? 2 : 3),
    0,
  );
  const graph = backbone.graph!;
  const products = graph.node
    .filter(({ opType }) => opType === 'Gemm')
    .map(({ input }) => graph.initializer.find(({ name }) => name === input[1])!.dims.map(Number))
    .reduce((sum, [rows, columns]) => sum + 3 * 2 * rows! * columns!, 0);
  return convolutions + products;
}
