import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Communicator } from '@cf/core';
import {
  type BiasOwner,
  type Checkpoint,
  checkpointOf,
  classCount,
  classRows,
  shareOf,
  splitCheckpoint,
  type TrainingState,
} from '@cf/training';
import { z } from 'zod';
import { gatherTexts, textOfFirst } from '../distributed/rank-texts.ts';
import { RunFolderError } from '../errors.ts';
import { writeNew } from './atomic-write.ts';
import { isThere } from './is-there.ts';
import { parseJson } from './json-file.ts';
import { isShard } from './run-folder.ts';
import { readMetadata, readTensors, writeSealed } from './safetensors.ts';

/** Which rank of how many. */
export type RankShare = Pick<Communicator, 'rank' | 'size'>;

/** Ranks that have the class centers of a state between them. */
export interface ShardingRanks {
  readonly communicator: Communicator;
  /** What the bias of the loss is of. */
  readonly bias: BiasOwner;
}

const SHARD = z.object({
  /** Beside the checkpoint. */
  file: z.string().refine(isShard),
  /** Its classes: the first, and the one after its last. */
  from: z.int().min(0),
  to: z.int().min(1),
  /** Of the whole file. */
  sha256: z.string(),
});

/** A file with the class centers of some classes, as the checkpoint names it that it belongs to. */
export type ShardFile = Readonly<z.output<typeof SHARD>>;

const SHARDS = z.array(SHARD).min(1);
const FORMAT = 'cf-checkpoint-shard-1';

/** What a checkpoint says of its shards. */
export function parseShards(text: string): readonly ShardFile[] {
  const read = parseJson(SHARDS, text);
  if ('value' in read) return read.value;
  throw new RunFolderError(`shards = ${text}`, 'the shards of a checkpoint', 'take an unchanged file.');
}

/**
 * Writes the class centers of each rank to a shard of its own, under a name that no other checkpoint has; only when all are on
 * disk the first rank writes the file that names them. What is interrupted before leaves the checkpoint as it was.
 *
 * @param path of the checkpoint
 * @param commit writes it, on the first rank
 */
export async function writeShards(
  path: string,
  state: TrainingState,
  { communicator, bias }: ShardingRanks,
  commit: (shared: Checkpoint, shards: readonly ShardFile[]) => Promise<void>,
): Promise<void> {
  const { rank, size } = communicator;
  const share = shareOf(classCount(state), communicator);
  const own = checkpointOf(state, share);
  const { ofClasses, shared } = splitCheckpoint(own, bias);
  const token = await textOfFirst(communicator, randomUUID().slice(0, 8));
  const file = `checkpoint-shard-${state.step}-${token}-${rank + 1}-of-${size}.safetensors`;
  const metadata = { format: FORMAT, step: `${state.step}`, from: `${share.from}`, to: `${share.to}` };
  const tensors = Object.fromEntries(ofClasses);
  // Its name is new: what is left of it after a failure, nobody reads, and the next checkpoint takes it away.
  const sha256 = await writeSealed(join(dirname(path), file), { tensors, metadata }, writeNew);
  const written = await gatherTexts(communicator, JSON.stringify({ file, ...share, sha256 }));
  if (rank === 0) {
    const shards = written.map((text) => JSON.parse(text) as ShardFile);
    for (const { file: name } of shards) await requireSeen(join(dirname(path), name));
    await commit({ tensors: shared, values: own.values }, shards);
  }
  await communicator.barrier();
}

/** @throws RunFolderError for a shard that another rank has written elsewhere */
async function requireSeen(path: string): Promise<void> {
  if (await isThere(path)) return;
  throw new RunFolderError(
    `'${path}', which another rank has written and the first does not see`,
    'a folder that all ranks see',
    'give an --out on a file system that all machines have; the checkpoint before stands.',
  );
}

/**
 * A checkpoint with the class centers of a share of the classes, from its shards or out of its own.
 *
 * @param share all by default
 * @throws RunFolderError where a shard is missing, broken, or of another checkpoint
 */
export async function withClasses(
  path: string,
  checkpoint: Checkpoint,
  shards: readonly ShardFile[] | undefined,
  share: RankShare | undefined,
): Promise<Checkpoint> {
  if (shards === undefined && share === undefined) return checkpoint;
  const { tensors, values } = checkpoint;
  const classes = classCount(values);
  const wanted = shareOf(classes, share);
  if (shards === undefined) {
    const bias = tensors.get('class.bias')?.data.length === classes ? 'each class' : 'all classes';
    const { ofClasses, shared } = splitCheckpoint(checkpoint, bias);
    const rows = classRows([{ from: 0, to: classes, tensors: ofClasses }], wanted);
    return { values, tensors: new Map([...shared, ...rows]) };
  }
  const read = [];
  for (const shard of shards)
    if (shard.from < wanted.to && shard.to > wanted.from)
      read.push({ ...shard, tensors: await readShard(dirname(path), shard) });
  return { values, tensors: new Map([...tensors, ...classRows(read, wanted)]) };
}

async function readShard(folder: string, { file, sha256 }: ShardFile): Promise<Checkpoint['tensors']> {
  const path = join(folder, file);
  const { tensors, metadata } = await readTensors(path);
  if (metadata.sha256 !== sha256)
    throw new RunFolderError(
      `'${path}' of another checkpoint`,
      'the shard that the checkpoint was written with',
      'put back all files of one checkpoint.',
    );
  const bad = Object.entries(tensors).find(([, { data }]) => !data.every(Number.isFinite));
  if (bad === undefined) return new Map(Object.entries(tensors));
  const given = `'${path}' with tensor '${bad[0]}' that is not finite throughout`;
  throw new RunFolderError(given, 'a file that this program wrote', 'take an unchanged file.');
}

/** Takes shards away that no checkpoint names. @param checkpoints that may be there; none goes where one can't be read */
export async function pruneShards(folder: string, checkpoints: readonly string[]): Promise<void> {
  const named = new Set<string>();
  for (const path of checkpoints) {
    if (!(await isThere(path))) continue;
    const metadata = await readMetadata(path).catch(() => undefined);
    if (metadata === undefined) return;
    const { shards } = metadata;
    if (shards !== undefined) for (const { file } of parseShards(shards)) named.add(file);
  }
  for (const name of await readdir(folder))
    if (isShard(name) && !named.has(name)) await rm(join(folder, name), { force: true });
}
