import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BACKBONE_NAMES, type BackboneName } from '@cf/backbones';
import { requireChoice, requireInteger } from '@cf/core';
import { Command } from 'commander';
import { drawnModel, drawnPictures } from '../bench/embedding/drawn-model.ts';
import { formatEmbedding, measureEmbedding } from '../bench/embedding/measure-embedding.ts';
import { findPictures } from '../embedding/find-pictures.ts';
import { type EmbeddingModel, type ModelFlags, openEmbeddingModel } from '../embedding/open-model.ts';
import { EXIT } from '../exit-codes.ts';
import { tell } from '../report/tell.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { addModelOptions } from './model-options.ts';
import { number } from './options.ts';

interface BenchFlags extends ModelFlags {
  readonly data?: string;
  readonly backbone: string;
  readonly pictures: number;
  readonly rounds: number;
  readonly threads: number;
  readonly json: boolean;
}

const EXAMPLES = `
The network alone works on pictures that lie decoded in memory; beside it, in turn, all of cf embed: the same pictures are
read, decoded, embedded and written.

Examples:
  cf bench embed
  cf bench embed --model onnx:backbone.onnx --data lfw-112
  cf bench embed --run runs/mine --data faces --pictures 2000 --rounds 5 --json
`;

/** `cf bench embed`. */
export function benchEmbedCommand(): Command {
  const command = new Command('embed')
    .description('Pictures/s of cf embed beside those of its network alone.')
    .option('--data <path>', 'pictures, as cf embed takes them (default: drawn ones, JPEG)')
    .option(
      '--backbone <name>',
      `with neither --model nor --run: a built-in network with its first weights, one of ${BACKBONE_NAMES.join(', ')}`,
      'mobilefacenet',
    )
    .option('--pictures <n>', 'of a round, the first of them', number, 500)
    .option('--rounds <n>', 'times that both are measured, in turn; the middle ratio is told', number, 3)
    .option('--threads <n>', 'that the network runs on', number, availableParallelism())
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', EXAMPLES);
  return addModelOptions(command).action(async (flags: BenchFlags) => {
    process.exitCode = await withInterruption((signal) => runBench(flags, signal));
  });
}

async function runBench(
  { data, backbone, pictures, rounds, threads, json, ...flags }: BenchFlags,
  signal: AbortSignal,
): Promise<number> {
  requireInteger('pictures', pictures, 1, 1e6);
  requireInteger('rounds', rounds, 1, 1000);
  requireInteger('threads', threads, 1, 1024);
  requireChoice('backbone', backbone, BACKBONE_NAMES);
  const folder = await mkdtemp(join(tmpdir(), 'cf-bench-'));
  let model: EmbeddingModel | undefined;
  try {
    const isGiven = flags.model !== undefined || flags.run !== undefined;
    const network = isGiven ? {} : { model: `onnx:${await drawnModel(folder, backbone as BackboneName)}` };
    model = await openEmbeddingModel({ ...flags, ...network });
    const found = await findPictures(data ?? (await drawnPictures(folder, pictures)), {
      strict: false,
      onProblem: () => {},
      signal,
      say: tell,
      align: false,
    });
    const report = await measureEmbedding(model, found, { pictures, rounds, threads, signal });
    console.log(json ? JSON.stringify(report) : formatEmbedding(report));
    return EXIT.ok;
  } catch (error) {
    return interruptedExit(error, 'interrupted');
  } finally {
    await model?.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}
