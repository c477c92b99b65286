import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scanImageFolder } from '../folder/image-folder.ts';
import { decodeImage } from '../image/decode.ts';
import { parsePairs } from '../lfw/pairs.ts';
import { resolvePairs } from '../lfw/resolve-pairs.ts';
import { failure, put, temporaryFolder } from '../testing.ts';
import { contactSheet } from './contact-sheet.ts';
import { syntheticFaces } from './synthetic-faces.ts';
import { writeSyntheticFolder } from './synthetic-folder.ts';
import { syntheticPairs } from './synthetic-pairs.ts';

const OPTIONS = { seed: 1, identities: 3, imagesPerIdentity: 2 };
let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
});

describe('writeSyntheticFolder', () => {
  it('writes a folder that scans, decodes to the very pixels and resolves its pairs', async () => {
    const out = join(root, 'new', 'faces');
    const list = { seed: 1, identities: { from: 0, to: 3 }, imagesPerIdentity: 2, pairs: 2, folds: 1 };
    const seen: number[] = [];
    const pairs = syntheticPairs(list);
    await writeSyntheticFolder(out, { ...OPTIONS, pairs }, ({ done, total }) => {
      expect(total).toBe(6);
      seen.push(done);
    });
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    const folder = await scanImageFolder(out);
    expect(folder.problems).toEqual([]);
    expect(folder.identities.map(({ name, files }) => [name, files.length])).toEqual([
      ['synthetic_00000', 2],
      ['synthetic_00001', 2],
      ['synthetic_00002', 2],
    ]);
    const file = join(out, 'synthetic_00002', 'synthetic_00002_0002.png');
    const image = await decodeImage(file, { channels: 3 });
    expect(image.data).toEqual((await syntheticFaces(OPTIONS).image(2, 1)).data);
    const read = parsePairs(await readFile(join(out, 'pairs.txt'), 'utf8'));
    expect((await resolvePairs(read, out, { strict: true })).pairs.length).toBe(2);
    expect(JSON.parse(await readFile(join(out, 'synthetic.json'), 'utf8'))).toMatchObject({
      ...OPTIONS,
      difficulty: 1,
    });
    expect(await readdir(join(root, 'new'))).toEqual(['faces']);
  });

  it('writes JPEG on demand, into an empty folder too', async () => {
    const out = join(root, 'jpeg');
    await mkdir(out);
    await writeSyntheticFolder(out, { ...OPTIONS, format: 'jpeg' });
    const { identities } = await scanImageFolder(out);
    expect(identities[0]!.files[0]!.endsWith('synthetic_00000_0001.jpg')).toBe(true);
  });

  it('never touches what it did not write, even when told to replace', async () => {
    const out = join(root, 'precious');
    const file = await put(join(out, 'thesis.txt'), 'years of work');
    for (const replace of [false, true]) {
      const message = await failure(() => writeSyntheticFolder(out, { ...OPTIONS, replace }));
      expect(message).toContain(`OutputFolderError [E_OUTPUT_FOLDER]: '${out}' holds 1 files or folders`);
    }
    expect(await readdir(out)).toEqual(['thesis.txt']);
    expect(await failure(() => writeSyntheticFolder(file, { ...OPTIONS, replace: true }))).toContain(
      'is a file',
    );
    expect(await readFile(file, 'utf8')).toBe('years of work');
  });

  it('replaces its own folder only when told to', async () => {
    const out = join(root, 'own');
    await writeSyntheticFolder(out, OPTIONS);
    expect(await failure(() => writeSyntheticFolder(out, OPTIONS))).toContain(
      'holds synthetic faces already',
    );
    await writeSyntheticFolder(out, { ...OPTIONS, identities: 1, replace: true });
    expect((await scanImageFolder(out)).identities.length).toBe(1);
  });

  it('leaves nothing behind, and its former folder whole, when it is stopped', async () => {
    const parent = join(root, 'stopped');
    const out = join(parent, 'faces');
    await writeSyntheticFolder(out, OPTIONS);
    const stop = new AbortController();
    const message = await failure(() =>
      writeSyntheticFolder(
        out,
        { ...OPTIONS, identities: 40, replace: true, signal: stop.signal },
        ({ done }) => {
          if (done === 3) stop.abort(new Error('interrupted'));
        },
      ),
    );
    expect(message).toBe('Error: interrupted');
    expect(await readdir(parent)).toEqual(['faces']);
    expect((await scanImageFolder(out)).identities.length).toBe(3);
  });
});

describe('contactSheet', () => {
  it('sets rows of people and columns of their pictures', async () => {
    const file = await put(join(root, 'sheet.png'), await contactSheet({ ...OPTIONS, gap: 3 }));
    const sheet = await decodeImage(file, { channels: 3 });
    expect([sheet.width, sheet.height]).toEqual([3 + 2 * 115, 3 + 3 * 115]);
    expect([...sheet.data.subarray(0, 3)]).toEqual([255, 255, 255]);
    const { data } = await syntheticFaces(OPTIONS).image(2, 1);
    for (const [x, y] of [
      [0, 0],
      [56, 60],
      [111, 111],
    ] as const) {
      const at = ((3 + 2 * 115 + y) * sheet.width + 3 + 115 + x) * 3;
      const from = (y * 112 + x) * 3;
      expect([...sheet.data.subarray(at, at + 3)]).toEqual([...data.subarray(from, from + 3)]);
    }
  });

  it('refuses a sheet that no one could look at', async () => {
    const message = await failure(() => contactSheet({ seed: 0, identities: 1000, imagesPerIdentity: 10 }));
    expect(message).toContain('identities × imagesPerIdentity = 10000');
  });
});
