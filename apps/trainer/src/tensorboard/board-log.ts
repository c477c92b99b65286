import { appendFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { StepMetrics } from '@cf/training';
import { OutputError } from '../errors.ts';
import { type BoardEvent, encodeEvent } from './event.ts';
import { tfRecord } from './records.ts';

/** Writes what TensorBoard shows of a run. */
export interface BoardLog {
  /** @throws OutputError */
  append(events: readonly BoardEvent[]): Promise<void>;
}

let opened = 0;

/**
 * A file of TensorBoard's events in a folder, made with the first event: a run has one for each time that it was started
 * or gone on with.
 *
 * @param after of a run that goes on: the step of its checkpoint; what earlier files have past it is forgotten
 */
export function boardLog(folder: string, after?: number): BoardLog {
  const seconds = Math.floor(Date.now() / 1000);
  const host = hostname().replace(/[^\w.-]/g, '_');
  // TensorBoard reads files in the order of their names.
  const path = join(folder, `events.out.tfevents.${seconds}.${host}.${process.pid}.${opened++}`);
  const wallTime = Date.now() / 1000;
  let first: readonly BoardEvent[] = [
    { wallTime, isFirst: true },
    ...(after === undefined ? [] : [{ wallTime, step: after + 1, isStart: true }]),
  ];
  return {
    async append(events) {
      if (events.length === 0) return;
      const all = [...first, ...events].map((event) => tfRecord(encodeEvent(event)));
      try {
        await appendFile(path, Buffer.concat(all));
      } catch (cause) {
        throw new OutputError(path, cause);
      }
      first = [];
    },
  };
}

const TAGS: Readonly<Record<string, Exclude<keyof StepMetrics, 'shadows'>>> = {
  'training/loss': 'loss',
  'training/t': 't',
  'training/mean_target_cosine': 'meanTargetCosine',
  'training/left_out_share': 'leftOutShare',
  'training/learning_rate': 'learningRate',
  'training/gradient_norm': 'gradientNorm',
  'training/images_per_second': 'imagesPerSecond',
  'training/data_share': 'dataShare',
};

/** The scalars of a step, of those that its loss has. @param wallTime seconds since 1970 */
export function stepEvent(metrics: StepMetrics, wallTime: number = Date.now() / 1000): BoardEvent {
  const scalars = Object.entries(TAGS).flatMap(([tag, name]) => {
    const value = metrics[name];
    return value == null ? [] : [[tag, value] as const];
  });
  const shadows = Object.entries(metrics.shadows?.cosines ?? {}).flatMap(([name, { embeddings }]) =>
    embeddings === null ? [] : [[`shadow/${name}`, embeddings] as const],
  );
  return { wallTime, step: metrics.step, scalars: Object.fromEntries([...scalars, ...shadows]) };
}

/** Scores after a step. */
export function scoreEvent(step: number, scores: Readonly<Record<string, number>>): BoardEvent {
  const scalars = Object.entries(scores).map(([name, value]) => [`score/${name}`, value]);
  return { wallTime: Date.now() / 1000, step, scalars: Object.fromEntries(scalars) };
}
