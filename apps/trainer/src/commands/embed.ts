import { rm } from 'node:fs/promises';
import { printable, requireInteger } from '@cf/core';
import { createEmbeddingFile, type EmbeddingFile } from '@cf/data/node';
import { Command, Option } from 'commander';
import { ProblemList, problemsText } from '../dataset/problem-list.ts';
import { embedPictures } from '../embedding/embed-pictures.ts';
import { findPictures } from '../embedding/find-pictures.ts';
import { type ModelFlags, openEmbeddingModel } from '../embedding/open-model.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { percentText } from '../report/number-text.ts';
import { formatRate } from '../report/progress.ts';
import { tell } from '../report/tell.ts';
import { atomicWrite } from '../run/atomic-write.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { addModelOptions } from './model-options.ts';
import { number } from './options.ts';

interface EmbedFlags extends ModelFlags {
  readonly data: string;
  readonly out: string;
  readonly flip: boolean;
  readonly normalise: boolean;
  readonly align: boolean;
  readonly batch?: number;
  readonly threads?: number;
  readonly type: 'float32' | 'float16';
  readonly strict: boolean;
  readonly json: boolean;
}

/** `cf embed`. */
export function embedCommand(): Command {
  const command = new Command('embed')
    .description('Write the embeddings of pictures as safetensors or .npy.')
    .requiredOption(
      '--data <path>',
      'a folder with one folder an identity or of pictures alone, an InsightFace pack, a list (.csv, .tsv, .jsonl), or a verification set (lfw.bin)',
    )
    .requiredOption('--out <file>', 'where they go: a name that ends in .safetensors or .npy')
    .option('--flip', 'sum the embeddings of picture and mirror image', false)
    .option('--normalise', 'bring every embedding to length 1', false)
    .option('--align', 'photographs: find their faces first, and embed the aligned crops', false)
    .option('--batch <n>', 'pictures a call of the network; a card wants more (default: 8)', number)
    .option('--threads <n>', 'that the network runs on (default: the number of processors)', number)
    .addOption(
      new Option('--type <name>', 'of the numbers').choices(['float32', 'float16']).default('float32'),
    )
    .option('--strict', 'stop at the first unreadable picture', false)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', EXAMPLES);
  return addModelOptions(command).action(async (flags: EmbedFlags) => {
    process.exitCode = await withInterruption((signal) => runEmbed(flags, signal));
  });
}

const EXAMPLES = `
Names of pictures and identities are JSON lists in the metadata of a safetensors file (pictures, identities), and beside
faces.npy in faces.names.jsonl. Unreadable pictures are left out, and listed in faces.left-out.jsonl. The file is whole or
not there: what was in its place stays until the new one is on the disk.

The exit code is 0 where a picture was embedded, though others were left out; 3 where none was.

Examples:
  cf embed --model onnx:insightface.onnx --input insightface --data lfw-112 --out lfw.safetensors
  cf embed --run runs/mine --data faces --flip --normalise --out faces.npy
  cf embed --run runs/mine --data photos --align --out photos.safetensors
  cf embed --run runs/mine --data lfw.bin --type float16 --out lfw.safetensors
  python -c "import numpy; print(numpy.load('faces.npy').shape)"
`;

async function runEmbed(flags: EmbedFlags, signal: AbortSignal): Promise<number> {
  const { data, out, flip, normalise, type, strict, align, batch, threads, json } = flags;
  if (!/\.(safetensors|npy)$/i.test(out))
    throw new UsageError(
      `--out ${out}`,
      'a name that ends in .safetensors or .npy',
      'name the format by it.',
    );
  if (batch !== undefined) requireInteger('batch', batch, 1, 65_536);
  if (threads !== undefined) requireInteger('threads', threads, 1, 1024);
  const leftOut = out.replace(/\.[^.]+$/, '.left-out.jsonl');
  const problems = new ProblemList(`listed in ${leftOut}`);
  const options = { strict, onProblem: problems.add, signal };
  let file: EmbeddingFile | undefined;
  const model = await openEmbeddingModel(flags);
  try {
    for (const note of model.notes) tell(note);
    const found = await findPictures(data, { ...options, align, say: tell });
    const { pictures } = found;
    const metadata = { model: model.fingerprint, flip: `${flip}`, normalised: `${normalise}` };
    file = await createEmbeddingFile(out, { dim: model.dim, pictures, type, metadata });
    const identities = new Set<string>();
    const settings = { flip, normalise, batch, threads };
    const speed = await embedPictures(model, found, settings, options, async (each) => {
      await file!.add(each);
      for (const index of each.indices) identities.add(pictures[index]!.identity);
    });
    if (speed.count === 0) {
      await file.abandon();
      tell(`no picture of ${data} could be embedded`);
      return EXIT.data;
    }
    const files = await file.finish();
    const left = problems.all.length;
    if (left === 0) await rm(leftOut, { force: true });
    else await atomicWrite(leftOut, problems.all.map((one) => `${JSON.stringify(one)}\n`).join(''));
    identities.delete('');
    const rate = speed.count / speed.seconds;
    if (json) {
      const { count, seconds, waited } = speed;
      const told = { pictures: count, identities: identities.size, dim: model.dim, type, problems: left };
      console.log(JSON.stringify({ ...told, files, seconds, picturesPerSecond: rate, waited }));
      return EXIT.ok;
    }
    console.log(
      printable(
        `${speed.count} pictures of ${identities.size === 0 ? 'nobody who is named' : `${identities.size} identities`}, ${model.dim} numbers each: ${files.join(', ')}`,
      ),
    );
    console.log(
      `${formatRate(rate)} pictures/s on ${speed.threads} thread${speed.threads === 1 ? '' : 's'}; ${percentText(speed.waited)} of the network's time went by without a picture`,
    );
    if (left > 0) console.log(printable(`${problemsText(left)}, listed in ${leftOut}`));
    return EXIT.ok;
  } catch (error) {
    await file?.abandon();
    return interruptedExit(error);
  } finally {
    await model.dispose();
  }
}
