import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCollection } from '../collection/open-collection.ts';
import { failure, temporaryFolder } from '../testing.ts';
import { type Manifest, readManifest } from './read-manifest.ts';

let base: string;
let count = 0;
beforeAll(async () => {
  base = await temporaryFolder();
});

async function list(text: string | Uint8Array, extension = 'csv'): Promise<string> {
  const path = join(base, `list${count++}.${extension}`);
  await writeFile(path, text);
  return path;
}
const read = async (text: string, extension?: string): Promise<Manifest> =>
  readManifest(await list(text, extension));
const say = (text: string, extension?: string): Promise<string> => failure(() => read(text, extension));

describe('readManifest', () => {
  it.each<[string, string, string]>([
    [
      'CSV',
      'csv',
      'path,identity,split,difficulty,weight\na/1.jpg,Bob,train,0.5,2\na/2.jpg,Ada,val,,\n/x.jpg,Ada,,-1,\n',
    ],
    [
      'CSV with quotes, other columns and line ends, and a mark at its start',
      'csv',
      '\uFEFFIdentity;PATH;age;difficulty;weight;split\r\n"Bob";"a/1.jpg";7;0.5;2;Train\r\n\r\nAda;a/2.jpg;;;;dev\r\nAda;/x.jpg;;-1;;',
    ],
    [
      'TSV',
      'tsv',
      'path\tidentity\tsplit\tdifficulty\tweight\na/1.jpg\tBob\t\t0.5\t2\na/2.jpg\tAda\tvalidation\t\t\n/x.jpg\tAda\t\t-1\t\n',
    ],
    [
      'JSON lines',
      'jsonl',
      '{"path":"a/1.jpg","identity":"Bob","difficulty":0.5,"weight":2}\n\n{"path":"a/2.jpg","identity":"Ada","split":"validation"}\n{"path":"/x.jpg","identity":"Ada","difficulty":-1,"weight":null}',
    ],
  ])('reads %s', async (_, extension, text) => {
    const manifest = await read(text, extension);
    const names = (people: Manifest['train']): unknown =>
      people.map(({ name, files }) => [name, files.map(({ path }) => path)]);
    expect(names(manifest.train)).toEqual([
      ['Ada', ['/x.jpg']],
      ['Bob', [join(base, 'a/1.jpg')]],
    ]);
    expect([manifest.scoredSplit, names(manifest.scored)]).toEqual([
      'validation',
      [['Ada', [join(base, 'a/2.jpg')]]],
    ]);
    const [ada, bob] = manifest.train.map(({ files }) => files[0]!);
    expect([manifest.difficulty.get(ada!), manifest.difficulty.get(bob!)]).toEqual([-1, 0.5]);
    expect([manifest.weight.get(ada!), manifest.weight.get(bob!)]).toEqual([undefined, 2]);
  });

  it('scores the split test where there is no validation, and says what it leaves out where there is', async () => {
    const rows = 'path,identity,split\n1,A,train\n2,B,test\n3,C,test\n';
    expect(await read(rows)).toMatchObject({
      scoredSplit: 'test',
      leftOut: 0,
      scored: [{ name: 'B' }, { name: 'C' }],
    });
    expect(await read(`${rows}4,D,validation\n`)).toMatchObject({ leftOut: 2, scored: [{ name: 'D' }] });
  });

  it('takes quoted names with commas and line ends, and numbers of identities', async () => {
    const { train } = await read('path,identity\n"a, b.jpg","two\nlines"\n2.jpg,3\n');
    expect(train.map(({ name }) => name)).toEqual(['3', 'two\nlines']);
    expect((await read('{"path":"1","identity":7}', 'jsonl')).train[0]!.name).toBe('7');
  });

  it.each<[string, string, RegExp]>([
    [
      'no path column',
      'file,identity\n1,A\n',
      /:1: no 'path' among file, identity, expected path and identity/,
    ],
    [
      'a slip in a column',
      'path,identity,dificulty\n1,A,1\n',
      /:1: 'dificulty', expected 'difficulty', or another/,
    ],
    [
      'too few columns',
      'path,identity\n1,A\n2\n',
      /:3: .*columns length is 2, got 1.*, expected a row with the columns/,
    ],
    ['too many columns', 'path,identity\n1,A,B\n', /:2: .*expected a row with the columns/],
    ['a quote in the middle', 'path,identity\n1,A\n2,B "x"\n', /:3: .*quote/i],
    ['a quote without an end', 'path,identity\n1,"A\n2,B\n', /:\d: .*quote/i],
    ['no identity', 'path,identity\n1,A\n2,\n', /:3: no identity/],
    ['no picture path', 'path,identity\n,A\n', /:2: path ""/],
    [
      'a split that is none',
      'path,identity,split\n1,A,trian\n',
      /:2: split 'trian', expected train, validation or test/,
    ],
    [
      'a weight below 0',
      'path,identity,weight\n1,A,1\n2,A,-1\n',
      /:3: weight = "-1", expected a number from 0 on/,
    ],
    ['a weight that is none', 'path,identity,weight\n1,A,heavy\n', /:2: weight = "heavy"/],
    [
      'an endless difficulty',
      'path,identity,difficulty\n1,A,Infinity\n',
      /:2: difficulty = "Infinity", expected a finite/,
    ],
    [
      'a picture twice',
      'path,identity\n1,A\n./1,B\n',
      /:3: '\.\/1', which line 2 has, expected every picture once/,
    ],
    ['lines after a quoted line end', 'path,identity\n1,"A\nB"\n2,\n', /:4: no identity/],
    ['nothing', '', /list\d+\.csv': it names no picture/],
    ['a header alone', 'path,identity\n', /it names no picture/],
    ['a row of more than its share', `path,identity\n1,${'A'.repeat(70_000)}\n`, /:2: .*[Mm]ax/],
  ])('names file and line of %s', async (_, text, message) => {
    expect(await say(text)).toMatch(message);
    expect(await say(text)).toMatch(/^ManifestError \[E_MANIFEST\]: /);
  });

  it.each<[string, string, RegExp]>([
    ['words', '{"path":"1","identity":"A"}\nwords\n', /:2: "words", expected an object of JSON in one line/],
    ['a list', '[1]\n', /:1: "\[1\]", expected an object/],
    ['a path that is no text', '{"path":1,"identity":"A"}', /:1: path = 1, expected a text/],
    ['a weight that is no number', '{"path":"1","identity":"A","weight":"x"}', /:1: weight = "x"/],
    ['a control character', '{"path":"1","identity":"A","split":"\\u001b[31m"}', /:1: split '\\x1b\[31m'/],
    ['a line without an end', 'x'.repeat(2 ** 20 + 100_000), /a line has more than a megabyte/],
  ])('names file and line of JSON lines with %s', async (_, text, message) => {
    expect(await say(text, 'jsonl')).toMatch(message);
  });

  it('refuses what is not in UTF-8, which would make one name of several', async () => {
    const latin = await list(Buffer.from('path,identity\n1,Jos\u00e9\n2,Jos\u00e8\n', 'latin1'));
    expect(await failure(() => readManifest(latin))).toMatch(/line 2 is not in UTF-8/);
    const last = await list(Buffer.from('path,identity\n1,A\n2,Jos\u00e8', 'latin1'));
    expect(await failure(() => readManifest(last))).toMatch(/line 3 is not in UTF-8/);
    const wide = await list(Buffer.from('\uFEFFpath,identity\n1,A\n', 'utf16le'));
    expect(await failure(() => readManifest(wide))).toMatch(/line 1 is not in UTF-8/);
  });

  it('reads lists longer than it keeps in memory, and stops at a line far down', async () => {
    const rows = Array.from(
      { length: 20_000 },
      (_, n) => `some/folder/of/pictures/${n}.jpg,person ${n % 100}`,
    );
    const text = `path,identity\n${rows.join('\n')}\n`;
    expect((await read(text)).train.map(({ files }) => files.length)).toEqual(new Array(100).fill(200));
    expect(await say(`${text}broken\n`)).toMatch(/:20002: /);
  });
});

describe('openCollection', () => {
  it('opens lists by their names, and says what it takes', async () => {
    const collection = await openCollection(await list('path,identity\n1,A\n'));
    expect(collection).toMatchObject({ kind: 'list', identities: [{ name: 'A' }] });
    const text = await list('path,identity\n1,A\n', 'txt');
    expect(await failure(() => openCollection(text))).toMatch(
      /DataFolderError .*\.txt' is not a folder, nor a pack or list, expected a folder .*, a pack .*, or a list/,
    );
  });
});
