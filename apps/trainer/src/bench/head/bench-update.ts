import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { reasonOf } from '@cf/core';
import { UsageError } from '../../errors.ts';
import { KEEP_MEMORY } from '../../keep-memory.ts';
import { answer, skippedFor } from '../python.ts';
import type { UpdateMeasurement, UpdateTask } from './measure-update.ts';

/** What is measured, in both ways. */
type Measured = Omit<UpdateTask, 'update' | 'folder' | 'seed'>;

/** One way of updating, or why it could not be measured. */
export type UpdateResult = UpdateMeasurement | { readonly skipped: string };

/** What `cf bench head --update` prints. */
export interface UpdateReport extends Measured {
  readonly update: 'plain' | 'fused';
  /** Where W and momentum lay. */
  readonly state: 'memory' | 'files';
  /** 6·B·d·C·K operations at the best rate of matrix products seen in the same run. */
  readonly limitSeconds: number | null;
  readonly asked: UpdateResult;
  /** The other way, in a process of its own, with everything in memory. */
  readonly beside: UpdateResult;
}

export interface UpdateBenchOptions {
  /** Of W and momentum; in memory by default. */
  readonly folder?: string | undefined;
  readonly say: (line: string) => void;
}

const GIB = 2 ** 30;
const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** For the system and the runtime. */
const SPARE = 1.5 * GIB;

/**
 * Measures a step of a head with the update of its class centers, each way in a process of its own. Files for W and momentum
 * are made in a folder of their own and taken away.
 */
export async function benchUpdate(
  { update, ...task }: Omit<UpdateTask, 'folder'>,
  measureCommand: readonly string[],
  { folder, say }: UpdateBenchOptions,
): Promise<UpdateReport> {
  const other = update === 'fused' ? 'plain' : 'fused';
  const measure = async (which: typeof update, place?: string): Promise<UpdateResult> => {
    const lacking = await lackOf(task, which, place);
    if (lacking !== undefined) return { skipped: lacking };
    say(
      `${task.backend}, ${which} update${place === undefined ? '' : ', W and momentum in files'}: ${task.steps} steps`,
    );
    const own = place === undefined ? undefined : await mkdtemp(join(place, 'cf-bench-'));
    try {
      const given: UpdateTask = { ...task, update: which, folder: own };
      const environment = { ...process.env, ...KEEP_MEMORY };
      return await answer<UpdateMeasurement>(process.execPath, measureCommand, given, { environment });
    } catch (error) {
      if (which === update) throw error;
      return { skipped: skippedFor(error) };
    } finally {
      if (own !== undefined) await rm(own, { recursive: true, force: true });
    }
  };
  const asked = await measure(update, folder);
  const beside = await measure(other);
  const { batch, dim, classes, subCenters } = task;
  const rates = [asked, beside].flatMap((result) => ('skipped' in result ? [] : [result.productRate]));
  const { seed: _, ...told } = task;
  return {
    ...told,
    update,
    state: folder === undefined ? 'memory' : 'files',
    limitSeconds: rates.length === 0 ? null : (6 * batch * dim * classes * subCenters) / Math.max(...rates),
    asked,
    beside,
  };
}

/** What of the machine is too small; undefined where nothing is. */
async function lackOf(
  { classes, subCenters, dim }: Pick<UpdateTask, 'classes' | 'subCenters' | 'dim'>,
  update: 'plain' | 'fused',
  folder: string | undefined,
): Promise<string | undefined> {
  const matrix = BYTES * classes * subCenters * dim;
  const inMemory = (folder === undefined ? 2 : 0) + (update === 'plain' ? 1 : 0);
  const needed = inMemory * matrix;
  const size = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
  if (needed + SPARE > totalmem())
    return `${inMemory} matrices of ${size(matrix)} do not fit into ${size(totalmem())} of memory`;
  if (folder === undefined) return undefined;
  const { bavail, bsize } = await statfs(folder).catch((error: unknown) => {
    throw new UsageError(`--disk ${folder}: ${reasonOf(error)}`, 'a folder', 'make it first.');
  });
  if (2 * matrix + GIB > bavail * bsize)
    return `2 matrices of ${size(matrix)} do not fit into ${size(bavail * bsize)} of the disk`;
  return undefined;
}

/** A report as lines of text. */
export function formatUpdate(report: UpdateReport): string {
  const {
    loss,
    backend,
    batch,
    dim,
    classes,
    subCenters,
    threads,
    update,
    state,
    limitSeconds,
    clipCenters,
  } = report;
  const centers = subCenters === 1 ? '' : ` of ${subCenters} centers`;
  const other = update === 'fused' ? 'plain' : 'fused';
  const clipping = clipCenters === undefined ? '' : `, clipped by ${clipCenters.by}`;
  return [
    `${loss} on ${backend}: batch ${batch}, ${dim}-d, ${classes} classes${centers}, ${threads} threads; a step with its update${clipping}`,
    ...(limitSeconds === null ? [] : [`limit   ${seconds(limitSeconds)} (three matrix products)`]),
    line(`${update}${state === 'files' ? ', files' : ''}`, report.asked),
    line(other, report.beside),
  ].join('\n');
}

function line(name: string, result: UpdateResult): string {
  if ('skipped' in result) return `${name.padEnd(13)} not measured: ${result.skipped}`;
  const { medianSeconds, updateSeconds, residentMiB, peakExtraMiB, stateBytes } = result;
  const memory =
    residentMiB === null || peakExtraMiB === null
      ? 'memory unknown here'
      : `${mib(residentMiB)} resident, ${mib(peakExtraMiB)} beyond the runtime, W and momentum`;
  return `${name.padEnd(13)} ${seconds(medianSeconds)}, of which the update ${seconds(updateSeconds)}; ${memory} (${mib(stateBytes / 2 ** 20)})`;
}

const mib = (value: number): string => `${value.toFixed(0)} MiB`;
const seconds = (value: number): string =>
  value < 1 ? `${(1000 * value).toFixed(1)} ms` : `${value.toFixed(2)} s`;
