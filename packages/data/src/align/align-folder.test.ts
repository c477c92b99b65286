import {
  appendFile,
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { crc32, deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import { sampleIdentity } from '../synthetic/identity.ts';
import { sampleNuisance } from '../synthetic/nuisance.ts';
import { renderFace } from '../synthetic/render-face.ts';
import { failure, put, temporaryFolder, withoutPrivileges } from '../testing.ts';
import { type AlignFolderOptions, alignFolder } from './align-folder.ts';
import type { AlignedFolder } from './alignment-summary.ts';
import type { DetectedFace, FaceDetector, FaceLandmarks } from './face.ts';
import { photographWith, placing } from './photograph-with.ts';
import type { Similarity } from './similarity.ts';
import { asCamera, landmarksAt } from './testing-photographs.ts';

let face: RawImage;
let base: string;
let count = 0;
beforeAll(async () => {
  face = await renderFace(sampleIdentity(1, 3), sampleNuisance(1, 3, 0, 0));
  base = await temporaryFolder();
});

/** A new place for photographs and crops. */
const places = (): { data: string; out: string } => {
  count++;
  return { data: join(base, `${count}`, 'photos'), out: join(base, `${count}`, 'faces') };
};

/** Finds the same faces, given in pixels of a photograph of some size, in every picture; and counts its calls. */
function detectorOf(
  faces: readonly FaceLandmarks[],
  size: { width: number; height: number },
  name = 'a test 1',
): FaceDetector & { calls: number } {
  const detector = {
    name,
    concurrency: 2,
    calls: 0,
    async detect({ width, height }: RawImage): Promise<readonly DetectedFace[]> {
      detector.calls++;
      const scale = Math.max(width, height) / Math.max(size.width, size.height);
      return faces.map((landmarks) => {
        const points = landmarks.map(([x, y]) => [(x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5]);
        const [xs, ys] = [points.map(([x]) => x!), points.map(([, y]) => y!)];
        const [left, top] = [Math.min(...xs), Math.min(...ys)];
        return {
          box: { left, top, width: Math.max(...xs) - left, height: Math.max(...ys) - top },
          landmarks: points as unknown as FaceLandmarks,
          score: 0.9,
        };
      });
    },
    async close() {},
  };
  return detector;
}

const SIZE = { width: 400, height: 300 };
const AT = placing(200, 150, 1.4, 12);

async function photographs(data: string, names: readonly string[]): Promise<void> {
  const bytes = await asCamera(
    photographWith([{ picture: face, at: AT }], SIZE.width, SIZE.height, 1),
    1,
    'jpeg',
  );
  for (const name of names) await put(join(data, name), bytes);
}

const decoded = (file: string): Promise<RawImage> => decodeImage(file, { channels: 3 });

/** Mean difference of the inner pixels. */
function difference(one: RawImage, other: RawImage): number {
  expect([one.width, one.height]).toEqual([other.width, other.height]);
  let [sum, n] = [0, 0];
  for (let y = 8; y < one.height - 8; y++) {
    for (let x = 8 * 3; x < (one.width - 8) * 3; x++, n++) {
      const at = y * one.width * 3 + x;
      sum += Math.abs(one.data[at]! - other.data[at]!);
    }
  }
  return sum / n;
}

async function tree(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

describe('crops', () => {
  it('are the face again, wherever it lay, whatever the EXIF orientation', async () => {
    const { data, out } = places();
    const image = photographWith([{ picture: face, at: AT }], SIZE.width, SIZE.height, 1);
    for (let o = 1; o <= 8; o++) await put(join(data, 'Ann', `${o}.png`), await asCamera(image, o));
    const detector = detectorOf([landmarksAt(AT)], SIZE);
    const result = await alignFolder({ data, out, detector, format: 'png' });
    expect([result.total, result.aligned, result.problems]).toEqual([8, 8, []]);
    const first = await decoded(join(out, 'Ann', '1.png'));
    expect(difference(first, face)).toBeLessThan(4);
    for (let o = 2; o <= 8; o++) expect(await decoded(join(out, 'Ann', `${o}.png`))).toEqual(first);
  });

  it('of a small face in a large photograph have all the pixels that the photograph has', async () => {
    const { data, out } = places();
    const size = { width: 2400, height: 800 };
    // In what the detector sees, this face is 60 pixels wide.
    const at = placing(2200, 200, 1, -20);
    const image = photographWith([{ picture: face, at }], size.width, size.height, 2);
    await put(join(data, 'Ann', '1.png'), await asCamera(image, 6));
    let seen = 0;
    const inner = detectorOf([landmarksAt(at)], size);
    const detector: FaceDetector = {
      ...inner,
      async detect(picture) {
        seen = Math.max(picture.width, picture.height);
        return inner.detect(picture);
      },
    };
    await alignFolder({ data, out, detector, format: 'png' });
    expect(seen).toBe(1280);
    expect(difference(await decoded(join(out, 'Ann', '1.png')), face)).toBeLessThan(4);
  });

  it('of a large face are free of aliasing, and of one at the edge black outside', async () => {
    const { data, out } = places();
    const size = { width: 800, height: 800 };
    const at: Similarity = placing(400, 400, 6.5, 0);
    await put(
      join(data, 'Ann', '1.png'),
      await asCamera(photographWith([{ picture: face, at }], 800, 800, 2), 1),
    );
    await alignFolder({ data, out, detector: detectorOf([landmarksAt(at)], size), format: 'png' });
    expect(difference(await decoded(join(out, 'Ann', '1.png')), face)).toBeLessThan(4);

    const edge = places();
    const over = placing(10, 150, 1.5, 0);
    await put(
      join(edge.data, 'Ann', '1.png'),
      await asCamera(photographWith([{ picture: face, at: over }], 400, 300, 2), 1),
    );
    await alignFolder({ ...edge, detector: detectorOf([landmarksAt(over)], SIZE), format: 'png' });
    const crop = await decoded(join(edge.out, 'Ann', '1.png'));
    expect([...crop.data.subarray(0, 3 * 40)].every((value) => value === 0)).toBe(true);
    expect(crop.data.subarray(3 * 100, 3 * 111).some((value) => value > 0)).toBe(true);
  });

  it('show the largest and most central of several faces, and it is told', async () => {
    const { data, out } = places();
    const small = placing(60, 60, 0.5, 0);
    await photographs(data, ['Ann/1.jpg', 'Bob/1.jpg']);
    const detector = detectorOf([landmarksAt(small), landmarksAt(AT)], SIZE);
    const { several, files } = await alignFolder({ data, out, detector });
    expect(several).toEqual([
      { path: 'Ann/1.jpg', faces: 2 },
      { path: 'Bob/1.jpg', faces: 2 },
    ]);
    expect(difference(await decoded(join(out, 'Ann', '1.jpg')), face)).toBeLessThan(6);
    expect(await readFile(files.record, 'utf8')).toContain('"faces":2');
  });
});

describe('what is left out', () => {
  it('is listed with its reason, shown on a sheet, and counted', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/1.jpg', 'Ann/2.jpg', 'Bob/3.jpg']);
    await put(join(data, 'Bob', 'text.jpg'), 'words');
    await put(join(data, 'Bob', 'cut.jpg'), (await readFile(join(data, 'Ann', '1.jpg'))).subarray(0, 3000));
    await put(join(data, 'Bob', 'empty.jpg'), '');
    const inner = detectorOf([landmarksAt(AT)], SIZE);
    let calls = 0;
    const detector: FaceDetector = {
      ...inner,
      concurrency: 1,
      detect: async (picture) => (calls++ === 0 ? [] : inner.detect(picture)),
    };
    const heard: string[] = [];
    const result = await alignFolder({ data, out, detector, onProblem: ({ path }) => heard.push(path) });
    expect([result.total, result.aligned, result.withoutFace.length]).toEqual([6, 2, 1]);
    expect(heard.sort()).toEqual(['cut', 'empty', 'text'].map((name) => join(data, 'Bob', `${name}.jpg`)));
    const lines = (await readFile(result.files.leftOut, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ path, reason }) => `${path}: ${reason}`).sort()).toEqual([
      expect.stringMatching(/^(Ann\/1|Ann\/2|Bob\/3)\.jpg: no face was found$/),
      expect.stringMatching(/^Bob\/cut\.jpg: the picture is truncated/),
      'Bob/empty.jpg: the file is empty',
      expect.stringMatching(/^Bob\/text\.jpg: the content is no JPEG/),
    ]);
    expect((await decoded(result.files.leftOutSheet!)).width).toBe(116);
    expect((await decoded(result.files.sheet!)).width).toBe(2 + 2 * 114);
  });

  it('is what would take too much memory, before anything is decoded', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/1.jpg']);
    // A picture of 40,000 × 40,000 pixels, 16 bits a channel, interlaced, as its header says.
    const chunk = (type: string, body: Buffer): Buffer => {
      const chunked = Buffer.concat([Buffer.alloc(4), Buffer.from(type), body, Buffer.alloc(4)]);
      chunked.writeUInt32BE(body.length, 0);
      chunked.writeUInt32BE(crc32(chunked.subarray(4, -4)), chunked.length - 4);
      return chunked;
    };
    const header = Buffer.from('00009c4000009c401002000001', 'hex');
    const parts = [
      chunk('IHDR', header),
      chunk('IDAT', deflateSync(Buffer.alloc(1000))),
      chunk('IEND', Buffer.alloc(0)),
    ];
    await put(
      join(data, 'Ann', 'bomb.png'),
      Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]),
    );
    const { aligned, problems } = await alignFolder({
      data,
      out,
      detector: detectorOf([landmarksAt(AT)], SIZE),
    });
    expect([aligned, problems.map(({ path }) => path)]).toEqual([1, [join(data, 'Ann', 'bomb.png')]]);
    expect(problems[0]!.message).toContain('40000×40000');
  });

  it('is listed with its reason alone, whatever its name, and counted among the photographs', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/1.jpg']);
    await put(join(data, 'Ann', 'red\u001b[31m\n.jpg'), 'words');
    await symlink(join(data, 'nowhere'), join(data, 'Ann', 'broken.jpg'));
    const { total, files } = await alignFolder({ data, out, detector: detectorOf([landmarksAt(AT)], SIZE) });
    expect(total).toBe(3);
    const lines = (await readFile(files.leftOut, 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).reason)).toEqual([
      'there is no such file',
      'the content is no JPEG, PNG, WebP, AVIF or BMP',
    ]);
  });

  it('is all of a folder without photographs', async () => {
    const { data, out } = places();
    await put(join(data, 'notes.txt'), 'x');
    const said = await failure(() => alignFolder({ data, out, detector: detectorOf([], SIZE) }));
    expect(said).toContain('holds no file that may be a photograph');
  });

  it('stops the work with strict', async () => {
    const { data, out } = places();
    await put(join(data, 'Ann', '1.jpg'), 'words');
    const detector = detectorOf([], SIZE);
    expect(await failure(() => alignFolder({ data, out, detector, strict: true }))).toContain('E_IMAGE');
  });

  it('is a face whose landmarks are of no face', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/1.jpg']);
    const mirrored = landmarksAt(AT).map(([x, y]) => [400 - x, y]) as unknown as FaceLandmarks;
    const { withoutFace, files } = await alignFolder({ data, out, detector: detectorOf([mirrored], SIZE) });
    expect(withoutFace).toEqual(['Ann/1.jpg']);
    expect(await readFile(files.leftOut, 'utf8')).toContain('not those of a face');
  });
});

describe('landmarks in the place of a detector', () => {
  it('are taken by path; a photograph without a line is left out', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/1.jpg', 'Ann/deep/2.jpg', 'Bob/3.jpg', 'flat.jpg']);
    const landmarks = new Map([
      ['Ann/1.jpg', [landmarksAt(AT)]],
      ['Ann/deep/2.jpg', [landmarksAt(placing(50, 50, 0.4, 0)), landmarksAt(AT)]],
      ['flat.jpg', [landmarksAt(AT)]],
    ]);
    const result = await alignFolder({ data, out, landmarks });
    expect([result.aligned, result.inNoFolder, result.withoutFace, result.several]).toEqual([
      3,
      1,
      ['Bob/3.jpg'],
      [{ path: 'Ann/deep/2.jpg', faces: 2 }],
    ]);
    for (const name of ['1.jpg', 'deep--2.jpg'])
      expect(difference(await decoded(join(out, 'Ann', name)), face)).toBeLessThan(6);
    expect(result.unmatched).toEqual([]);
    // Other landmarks make that crop anew, and no other.
    landmarks.set('Ann/1.jpg', [landmarksAt(placing(210, 150, 1.4, 0))]);
    expect((await alignFolder({ data, out, landmarks })).kept).toBe(3);
  });

  it('are told where no photograph has their path', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/Zoë.jpg', 'Bob/3.jpg']);
    await writeFile(join(data, 'Bob', 'text.jpg'), 'words');
    const paths = ['Ann/Zoë.jpg', 'Bob/text.jpg', 'bob/3.jpg', 'Ann/none.jpg'];
    const landmarks = new Map(paths.map((path) => [path.normalize('NFC'), [landmarksAt(AT)]]));
    const { aligned, unmatched } = await alignFolder({ data, out, landmarks });
    expect([aligned, unmatched]).toEqual([1, ['bob/3.jpg', 'Ann/none.jpg']]);
  });

  it('or a detector must be given', async () => {
    expect(await failure(() => alignFolder(places()))).toContain('a detector, or landmarks');
  });
});

describe('a second call', () => {
  const run = (options: AlignFolderOptions): Promise<AlignedFolder> => alignFolder(options);

  it('neither removes nor writes through a link that leaves the folder of crops', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/1.jpg', 'Bob/2.jpg']);
    const detector = detectorOf([landmarksAt(AT)], SIZE);
    await run({ data, out, detector });
    const elsewhere = join(out, '..', 'elsewhere');
    await rename(join(out, 'Ann'), elsewhere);
    await symlink(elsewhere, join(out, 'Ann'));
    await writeFile(join(elsewhere, '1.jpg'), 'mine');
    // Cut, so it would be written again; and then gone, so that it would be removed.
    for (const gone of [false, true]) {
      if (gone) await rm(join(data, 'Ann'), { recursive: true });
      expect(await failure(() => run({ data, out, detector }))).toMatch(/Ann', a link to '.*elsewhere'/);
      expect(await readFile(join(elsewhere, '1.jpg'), 'utf8')).toBe('mine');
    }
    await rm(join(out, 'Ann'));
    // A link that stays in it is nobody else's.
    await rename(join(out, 'Bob'), join(out, 'B'));
    await symlink('B', join(out, 'Bob'));
    expect((await run({ data, out, detector })).aligned).toBe(1);
  });

  it('does what is new, changed or lost, and nothing else', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/1.jpg', 'Ann/2.jpg', 'Bob/3.jpg', 'Bob/4.jpg', 'Cid/5.jpg']);
    const detector = detectorOf([landmarksAt(AT)], SIZE);
    await run({ data, out, detector });
    expect(detector.calls).toBe(5);
    expect((await run({ data, out, detector })).kept).toBe(5);
    expect(detector.calls).toBe(5);
    // Changed, lost, new, gone; and one crop that was cut short.
    await utimes(join(data, 'Ann', '1.jpg'), new Date(), new Date(5000));
    await rm(join(out, 'Ann', '2.jpg'));
    await photographs(data, ['Dee/6.jpg']);
    await rm(join(data, 'Bob', '3.jpg'));
    await writeFile(join(out, 'Bob', '4.jpg'), 'cut');
    const result = await run({ data, out, detector });
    expect(detector.calls).toBe(9);
    expect([result.total, result.aligned, result.kept, result.removed]).toEqual([5, 5, 1, 1]);
    expect(await tree(out)).toEqual([
      '.align/left-out.jsonl',
      '.align/pictures.jsonl',
      '.align/sheet.png',
      'Ann/1.jpg',
      'Ann/2.jpg',
      'Bob/4.jpg',
      'Cid/5.jpg',
      'Dee/6.jpg',
    ]);
    // Another detector, or another format, makes all anew.
    const other = detectorOf([landmarksAt(AT)], SIZE, 'a test 2');
    await run({ data, out, detector: other });
    expect(other.calls).toBe(5);
    await run({ data, out, detector: other, format: 'png' });
    expect(other.calls).toBe(10);
    expect((await tree(out)).filter((name) => name.endsWith('.jpg'))).toEqual([]);
  });

  it('removes nothing outside of the folder, whatever the record of an earlier call says', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/1.jpg', 'Ann/2.jpg']);
    const detector = detectorOf([landmarksAt(AT)], SIZE);
    const { files } = await run({ data, out, detector });
    const others = [await put(join(out, '..', 'other.jpg'), 'x'), await put(join(base, 'third.jpg'), 'x')];
    const crops = [
      { path: 'Ann/gone.jpg', crop: '../other.jpg' },
      { path: 'Ann/2.jpg', crop: others[1] },
    ];
    await appendFile(files.record, crops.map((crop) => `${JSON.stringify(crop)}\n`).join(''));
    expect((await run({ data, out, detector })).removed).toBe(0);
    for (const other of others) expect(await readFile(other, 'utf8')).toBe('x');
  });

  it.skipIf(process.platform !== 'linux')(
    'ends where the file system refuses folders (needs Linux)',
    async () => {
      const { data } = places();
      await photographs(data, ['Ann/1.jpg']);
      const out = '/proc/faces';
      const said = await failure(() => run({ data, out, detector: detectorOf([landmarksAt(AT)], SIZE) }));
      expect(said).toContain('E_OUTPUT_FOLDER');
      expect(said).toContain("'/proc/faces'");
    },
  );

  it('goes on after an interruption, and ends with the same bytes as one that was never stopped', async () => {
    const { data, out } = places();
    const names = Array.from({ length: 12 }, (_, i) => `P${i % 4}/${i}.jpg`);
    await photographs(data, names);
    const controller = new AbortController();
    const detector = detectorOf([landmarksAt(AT)], SIZE);
    const stopped = run({
      data,
      out,
      detector,
      signal: controller.signal,
      onProgress: ({ done }) => done >= 5 && controller.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    const before = detector.calls;
    expect(before).toBeLessThan(12);
    // Half a line, as a kill leaves it; and half a crop.
    const record = join(out, '.align', 'pictures.jsonl');
    await writeFile(record, `${await readFile(record, 'utf8')}{"path":"P0/1`);
    await writeFile(join(out, '.align', 'x.partial'), 'half');
    await utimes(join(out, '.align', 'x.partial'), new Date(), new Date(Date.now() - 1e6));
    const result = await run({ data, out, detector });
    expect([result.aligned, detector.calls]).toEqual([12, 12]);
    const whole = join(out, '..', 'whole');
    await run({ data, out: whole, detector });
    expect(await tree(out)).toEqual(await tree(whole));
    for (const name of await tree(whole))
      expect((await readFile(join(out, name))).equals(await readFile(join(whole, name))), name).toBe(true);
  });

  it('at the same time does no harm', async () => {
    const { data, out } = places();
    await photographs(
      data,
      Array.from({ length: 30 }, (_, i) => `P${i % 4}/${i}.jpg`),
    );
    const detector = detectorOf([landmarksAt(AT)], SIZE);
    const results = await Promise.all([1, 2, 3].map(() => run({ data, out, detector })));
    expect(results.map(({ aligned }) => aligned)).toEqual([30, 30, 30]);
    expect((await tree(out)).filter((name) => name.endsWith('.jpg'))).toHaveLength(30);
    const calls = detector.calls;
    expect((await run({ data, out, detector })).kept).toBe(30);
    expect(detector.calls).toBe(calls);
  });

  it('leaves no half crop when a detector fails', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/1.jpg', 'Ann/2.jpg']);
    const detector = detectorOf([landmarksAt(AT)], SIZE);
    detector.detect = async () => {
      await setTimeout(1);
      throw new Error('no networks');
    };
    await expect(run({ data, out, detector })).rejects.toThrow('no networks');
    expect(await tree(out)).toEqual(['.align/pictures.jsonl']);
  });

  it('refuses a folder of something else, of other photographs, or among the photographs', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/1.jpg']);
    const detector = detectorOf([landmarksAt(AT)], SIZE);
    const say = (to: string, from = data): Promise<string> =>
      failure(() => run({ data: from, out: to, detector }));
    await put(join(out, 'mine.txt'), 'x');
    expect(await say(out)).toContain('holds 1 file or folders, expected a folder that is new');
    const file = await put(join(out, '..', 'file'), 'x');
    expect(await say(file)).toContain('E_OUTPUT_FOLDER');
    expect(await say(join(data, 'faces'))).toContain('is in the folder of photographs');
    expect(await say(join(data, '..'))).toContain('is in the folder of photographs');
    const good = join(out, '..', 'good');
    await run({ data, out: good, detector });
    const other = join(data, '..', 'others');
    await photographs(other, ['Ann/1.jpg']);
    expect(await say(good, other)).toContain(`holds crops of '${data}'`);
    expect((await stat(join(good, 'Ann', '1.jpg'))).size).toBeGreaterThan(0);
  });

  it('tells a folder that may not be written to', async () => {
    const { data, out } = places();
    await photographs(data, ['Ann/1.jpg']);
    await mkdir(out, { recursive: true });
    await chmod(base, 0o755);
    await chmod(out, 0o555);
    const detector = detectorOf([landmarksAt(AT)], SIZE);
    const said = await withoutPrivileges(() => failure(() => run({ data, out, detector })));
    expect(said).toContain("E_OUTPUT_FOLDER]: '");
    expect(said).toContain('permission denied');
  });
});
