#!/usr/bin/env node
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { CfError } from '@cf/core';
import { createProject } from './create-project.ts';

const HELP = `npm create @cf@latest [folder]

Writes a project: a script that trains a face-recognition model (on drawn people, until you name pictures), its configuration,
and a page that compares two pictures with the model. The folder is new or empty; without a name it is this one.

  -h, --help  print this

Exit codes:
  0 done    2 arguments    3 a folder that is not empty, or can't be written    70 unforeseen
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let folder: string;
  try {
    const options = { help: { type: 'boolean', short: 'h', default: false } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    if (positionals.length > 1)
      throw new TypeError(`one folder is expected, and ${positionals.length} are given`);
    folder = positionals[0] ?? '.';
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
  try {
    const place = relative(process.cwd(), await createProject(folder));
    const steps = [
      'npm install',
      'npm run train   # some minutes; cf.yaml says on what',
      'npm start       # the page',
    ];
    const lines = place === '' ? steps : [`cd ${place}`, ...steps];
    console.log(['A project is written. Next:', '', ...lines.map((line) => `  ${line}`)].join('\n'));
    return 0;
  } catch (error) {
    console.error(error instanceof CfError ? `${error.name}: ${error.message}` : error);
    return error instanceof CfError ? 3 : 70;
  }
}
