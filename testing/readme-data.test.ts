import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandsOf, filesOf, namesOfTable } from './readme-data.ts';

const root = join(import.meta.dirname, '..');
const TABLE = 'apps/trainer/README.md';
const readmes = globSync(['README.md', 'packages/*/README.md', 'apps/*/README.md', 'examples/*/README.md'], {
  cwd: root,
}).sort();
const textOf = (name: string): string => readFileSync(join(root, name), 'utf8');

test('commands, what they read and what they made before are told apart', () => {
  const text = [
    '```sh',
    'cf embed --data lfw-112 --out lfw.safetensors # and so on',
    'pnpm cf eval --data ../x/lfw-112 --pairs=pairs.txt --identification --run runs/a',
    '```',
    '```text',
    '$ (printf 1; cat pairs.txt) > two.txt',
    '$ cf search a/b.jpg --model onnx:m.onnx --gallery lfw.safetensors --pairs two.txt',
    '```',
    'cf train --data of-a-sentence',
  ].join('\n');
  const commands = commandsOf(text);
  expect(commands).toHaveLength(4);
  expect(filesOf(commands)).toEqual(['lfw-112', '../x/lfw-112', 'pairs.txt', 'a/b.jpg', 'm.onnx']);
});

describe('every file that a command of a README reads', () => {
  const known = namesOfTable(textOf(TABLE));

  test('the table is found, and so are READMEs with commands', () => {
    expect(known).toEqual(expect.arrayContaining(['lfw-112', 'pairs.txt', 'faces_emore']));
    expect(readmes.filter((name) => filesOf(commandsOf(textOf(name))).length > 0)).toEqual(
      expect.arrayContaining(['README.md', TABLE, 'packages/data/README.md']),
    );
  });

  test.each(readmes)('%s: it is in the table of data sets, or made by a command before', (name) => {
    const unknown = filesOf(commandsOf(textOf(name))).filter(
      (file) => !file.split('/').some((part) => known.includes(part)),
    );
    expect(unknown).toEqual([]);
  });

  test.each(['README.md', 'packages/data/README.md'])('%s links the table', (name) => {
    expect(textOf(name)).toMatch(/apps\/trainer(\/README\.md)?#where-data-comes-from\)/);
  });
});
