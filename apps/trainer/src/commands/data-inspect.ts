import { printable } from '@cf/core';
import { inspectPictures, openCollection } from '@cf/data';
import { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { collectionJson, collectionText } from '../report/collection-text.ts';
import { withProgress } from '../report/progress.ts';
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
      'Tell who and what is in a folder, pack or list: pictures an identity, sizes, broken files, and pictures that several identities have.',
    )
    .requiredOption(
      '--data <path>',
      'a folder with one folder an identity, an InsightFace pack (faces.rec, or its folder), or a list (.csv, .tsv, .jsonl)',
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
`;

async function runInspect({ data, json, all }: InspectFlags, signal: AbortSignal): Promise<number> {
  try {
    const collection = await openCollection(data);
    for (const note of collection.notes) process.stderr.write(`${printable(note)}\n`);
    const people = [...collection.identities, ...(collection.scored?.identities ?? [])];
    const total = people.reduce((sum, { files }) => sum + files.length, 0);
    const found = await withProgress('reading', total, 'images', (onProgress) =>
      inspectPictures(people, { onProgress, signal }),
    );
    console.log(json ? collectionJson(collection, found) : collectionText(collection, found, all));
    return EXIT.ok;
  } catch (error) {
    return interruptedExit(error, 'interrupted');
  }
}
