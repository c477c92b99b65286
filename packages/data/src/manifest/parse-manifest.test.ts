import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManifestError } from '../errors.ts';
import { manifestRows } from './manifest-rows.ts';
import { parseManifest } from './parse-manifest.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cf-parse-manifest-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What reading the same list from a file gives. */
async function ofFile(text: string, name: string): Promise<unknown> {
  const path = join(folder, name);
  await writeFile(path, text);
  try {
    const rows = [];
    for await (const row of manifestRows(path)) rows.push(row);
    return rows;
  } catch (error) {
    return (error as ManifestError).message.replaceAll(path, name);
  }
}

function ofText(text: string, name: string): unknown {
  try {
    return parseManifest(text, name);
  } catch (error) {
    expect(error).toBeInstanceOf(ManifestError);
    return (error as ManifestError).message;
  }
}

describe('parseManifest', () => {
  it('reads columns by their names, and where rows begin', () => {
    expect(parseManifest('\uFEFFPath, Identity\r\na.jpg,"Ada\nL."\r\n\r\nb.jpg,Bob', 'list.csv')).toEqual([
      { line: 2, fields: { path: 'a.jpg', identity: 'Ada\nL.' }, columnsAt: 1 },
      { line: 4, fields: { path: 'b.jpg', identity: 'Bob' }, columnsAt: 1 },
    ]);
    expect(parseManifest('\n{"path":"a.jpg"}\n', 'list.jsonl')).toEqual([
      { line: 2, fields: { path: 'a.jpg' }, columnsAt: 2 },
    ]);
  });

  it.each([
    ['list.csv', 'path,identity\na.jpg,Ada\nb.jpg,"Bob\nB."\n\nc.jpg,"C ""c"""\n'],
    ['list.csv', ''],
    ['list.csv', 'path,identity'],
    ['list.csv', 'path;identity\na.jpg;Ada, L.\n'],
    ['list.tsv', 'path\tidentity\na.jpg\tAda\n'],
    ['list.csv', 'path,identity\na.jpg\n'],
    ['list.csv', 'path,identity\na.jpg,"never closed\n'],
    ['list.csv', `path,identity\na.jpg,${'x'.repeat(70_000)}\n`],
    ['list.jsonl', '{"path":"a.jpg"}\r\n{"path":"b.jpg"}'],
    ['list.ndjson', '{"path":"a.jpg"}\n[1]\n'],
    ['list.json', 'not JSON'],
  ])('says of %s what its file says: %j', async (name, text) => {
    expect(ofText(text, name)).toEqual(await ofFile(text, name));
  });
});
