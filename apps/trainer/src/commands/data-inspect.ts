import {
  inspectPictures,
  openCollection,
  type PictureIdentity,
  type PictureInspection,
  readVerificationSet,
} from '@cf/data/node';
import { Command } from 'commander';
import { beginsAsSet } from '../dataset/pairs-file.ts';
import { EXIT } from '../exit-codes.ts';
import { collectionJson, collectionText } from '../report/collection-text.ts';
import { withProgress } from '../report/progress.ts';
import { tell } from '../report/tell.ts';
import { verificationSetJson, verificationSetText } from '../report/verification-set-text.ts';
import { interruptedExit, withInterruption } from './interruption.ts';

interface InspectFlags {
  readonly data: string;
  readonly json: boolean;
  readonly all: boolean;
}

/** `cf data inspect`. */
export function dataInspectCommand(): Command {
  return new Command('inspect')
    .description(
      'Tell who and what is in a folder, pack, list or verification set: pictures an identity or pairs, sizes, broken files, and pictures that several identities have.',
    )
    .requiredOption(
      '--data <path>',
      'a folder with one folder an identity, an InsightFace pack (faces.rec, or its folder) or verification set (lfw.bin), or a list (.csv, .tsv, .jsonl)',
    )
    .option('--all', 'every line of every list', false)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: InspectFlags) => {
      process.exitCode = await withInterruption((signal) => runInspect(flags, signal));
    });
}

const EXAMPLES = `
All pictures are read. Of two identities that have the same picture one has a wrong label, or they are one person.

Examples:
  cf data inspect --data faces
  cf data inspect --data train.rec --json > faces.json
  cf data inspect --data lfw.bin
`;

async function runInspect({ data, json, all }: InspectFlags, signal: AbortSignal): Promise<number> {
  try {
    console.log(
      (await beginsAsSet(data))
        ? await verificationSet(data, { json, all }, signal)
        : await pictureCollection(data, { json, all }, signal),
    );
    return EXIT.ok;
  } catch (error) {
    return interruptedExit(error, 'interrupted');
  }
}

type Form = Pick<InspectFlags, 'json' | 'all'>;

async function pictureCollection(data: string, { json, all }: Form, signal: AbortSignal): Promise<string> {
  const collection = await openCollection(data);
  for (const note of collection.notes) tell(note);
  const people = [...collection.identities, ...(collection.scored?.identities ?? [])];
  const found = await inspected(people, signal);
  return json ? collectionJson(collection, found) : collectionText(collection, found, all);
}

async function verificationSet(path: string, { json, all }: Form, signal: AbortSignal): Promise<string> {
  const set = await readVerificationSet(path);
  // Whose the pictures are is not known.
  const files = set.pairs.flatMap(({ a, b }) => [a, b]);
  const found = await inspected([{ name: path, files }], signal);
  return json ? verificationSetJson(set, found) : verificationSetText(set, found, all);
}

function inspected(people: readonly PictureIdentity[], signal: AbortSignal): Promise<PictureInspection> {
  const total = people.reduce((sum, { files }) => sum + files.length, 0);
  return withProgress('reading', total, 'images', (onProgress) =>
    inspectPictures(people, { onProgress, signal }),
  );
}
