import { alignedLines } from '../report/text-table.ts';
import { PUBLISHED } from './published.ts';
import type { SimulatedPlace, Simulation } from './simulate.ts';
import { type SimulatedStep, STRATEGIES, type Strategy } from './step-costs.ts';

const NAMES: Readonly<Record<Strategy, string>> = {
  'data-parallel': 'data-parallel',
  sharded: 'sharded',
  sampled: 'sharded + sampled',
};

/** A simulation as lines of text. */
export function formatSimulation(simulation: Simulation): string {
  return [
    costsText(simulation),
    checksText(simulation),
    gridText(simulation),
    publishedText(),
    ...simulation.notes.map((note) => `note: ${note}`),
  ].join('\n\n');
}

function costsText({
  costs,
  ownLink,
  threads,
  batch,
  dim,
  backbone,
  backboneRate,
  latency,
}: Simulation): string {
  const { step, link, backbone: network } = costs;
  const gflops = 6 / step.perProduct / 1e9;
  const nanoseconds = (seconds: number): string => `${(1e9 * seconds).toFixed(2)} ns`;
  const ofLink = ({ latency: alpha, perReducedByte, perGatheredByte }: typeof link): string =>
    `${(1e6 * alpha).toFixed(1)} µs a call and doubling of ranks; all-reduce ${rate(perReducedByte)}, all-gather ${rate(perGatheredByte)}`;
  return [
    `a worker: ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${batch} pictures a step, ${dim}-d; fitted to what was measured here`,
    `  products      ${gflops.toFixed(0)} GFLOP/s`,
    `  beside them   ${(1e3 * step.fixed).toFixed(2)} ms a step, ${nanoseconds(step.perEmbedding)} a number of X, ${nanoseconds(step.perCenter)} a number of W, ${nanoseconds(step.perGathered)} more where it is gathered`,
    `  link          ${ofLink(link)}${latency === undefined ? ', between processes of this machine' : ', as flags say'}`,
    ...(latency === undefined || ownLink === null ? [] : [`  this machine  ${ofLink(ownLink)}`]),
    `  network       ${network.imagesPerSecond.toFixed(1)} images/s${backboneRate === undefined ? `, ${backbone}` : ', as flags say'}; ${(network.parameters / 1e6).toFixed(2)} M parameters`,
  ].join('\n');
}

/** Of bytes. */
function rate(perByte: number): string {
  return perByte === 0 ? 'too fast to tell' : `${(1e-9 / perByte).toFixed(2)} GB/s`;
}

function checksText({ checks, cores, threads, checkClasses, batch, sampleRate }: Simulation): string {
  const rows = checks.map(({ strategy, workers, measuredSeconds, modelSeconds, error }) => [
    String(workers),
    workers * threads > cores ? `${workers * threads} on ${cores}` : '',
    NAMES[strategy],
    `${(1000 * measuredSeconds).toFixed(1)} ms`,
    `${(1000 * modelSeconds).toFixed(1)} ms`,
    `${error < 0 ? '−' : '+'}${(100 * Math.abs(error)).toFixed(0)} %`,
  ]);
  const mean = checks.reduce((sum, { error }) => sum + Math.abs(error), 0) / checks.length;
  return [
    `the model beside steps of the head and its update that were taken here: ${checkClasses} classes, batch ${batch} a process, rate ${sampleRate}`,
    ...alignedLines([['processes', 'cores shared', 'training', 'measured', 'model', 'error'], ...rows]).map(
      (line) => `  ${line}`,
    ),
    `  mean error ${(100 * mean).toFixed(0)} %; no step of the check was fitted`,
  ].join('\n');
}

function gridText({ grid, sampleRate }: Simulation): string {
  const header = ['ids', 'workers', ...STRATEGIES.flatMap(() => ['images/s', 'memory', 'comm.'])];
  const above = ['', '', ...STRATEGIES.flatMap((strategy) => [NAMES[strategy], '', ''])];
  const rows = grid.map(({ ids, workers, steps }: SimulatedPlace) => [
    short(ids),
    String(workers),
    ...STRATEGIES.flatMap((strategy) => cells(steps[strategy])),
  ]);
  return [
    `what the model says of workers with a core for each thread: images/s of all, memory of one (without activations), share of communication; sampled at ${sampleRate}`,
    ...alignedLines([above, header, ...rows], 'padStart').map((line) => `  ${line}`),
  ].join('\n');
}

function cells({ imagesPerSecond, memoryBytes, communicationShare }: SimulatedStep): readonly string[] {
  return [
    imagesPerSecond < 10 ? imagesPerSecond.toFixed(2) : imagesPerSecond.toFixed(0),
    bytesText(memoryBytes),
    `${(100 * communicationShare).toFixed(0)} %`,
  ];
}

function bytesText(bytes: number): string {
  const gigabytes = bytes / 1e9;
  return `${gigabytes < 10 ? gigabytes.toFixed(2) : gigabytes.toFixed(0)} GB`;
}

/** 125 k, 5.5 M. */
function short(count: number): string {
  return count < 1e6 ? `${count / 1e3} k` : `${count / 1e6} M`;
}

function publishedText(): string {
  const rows = PUBLISHED.map(({ ids, dataParallel, modelParallel, sampled }) => [
    short(ids),
    ...[dataParallel, modelParallel, sampled].map((value) => value?.toLocaleString('en') ?? '–'),
  ]);
  return [
    'beside it, as InsightFace publishes it (arcface_torch; 8 × V100, samples/s): another machine, another network, not this model',
    ...alignedLines([['ids', 'data-parallel', 'model-parallel', 'Partial FC 0.1'], ...rows], 'padStart').map(
      (line) => `  ${line}`,
    ),
  ].join('\n');
}
