import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syntheticName, writeSyntheticFolder } from '@cf/data/node';
import { verificationBin } from '@cf/data/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './testing.ts';
import { cf } from './testing-cli.ts';

let base: string;
let faces: string;
beforeAll(async () => {
  base = await temporaryFolder();
  faces = join(base, 'faces');
  await writeSyntheticFolder(faces, { seed: 3, identities: 8, imagesPerIdentity: 4 });
});

/** Whether what was printed would do more to a terminal than write. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const hasControls = (text: string): boolean => /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(text);

describe.concurrent('packs and verification sets', () => {
  it('are made of a folder, trained on, scored on and unpacked again', async () => {
    const pack = join(base, 'train.rec');
    const packed = await cf(['data', 'pack', '--data', faces, '--out', pack]);
    expect([packed.code, packed.stdout]).toEqual([
      0,
      `pack: ${pack}, 32 pictures of 8 identities, 112×112\n`,
    ]);
    const file = (person: number, n: number): Promise<Buffer> =>
      readFile(join(faces, syntheticName(person), `${syntheticName(person)}_000${n}.png`));
    const pictures = await Promise.all([
      file(0, 1),
      file(0, 2),
      file(1, 1),
      file(2, 1),
      file(3, 1),
      file(3, 2),
      file(4, 1),
      file(5, 1),
    ]);
    const set = join(base, 'set.bin');
    await writeFile(set, verificationBin(pictures, [true, false, true, false]));
    const run = join(base, 'run');
    const small = ['--pixels=8', '--epochs=1', '--batch=8', '--dim=8', '--no-control'];
    const trained = await cf(['train', '--data', pack, '--pairs', set, ...small, '--out', run]);
    expect(trained.code).toBe(0);
    expect(trained.stdout).toMatch(/^8 identities, 32 /m);
    const scored = await cf(['eval', '--run', run, '--pairs', set, '--json']);
    expect([scored.code, JSON.parse(scored.stdout)]).toMatchObject([
      0,
      { problems: 0, unscoredPairs: 0, scoredPairs: { genuinePairs: 2, impostorPairs: 2 } },
    ]);
    const out = join(base, 'unpacked');
    await writeFile(join(base, 'property'), '9,112,112');
    const unpacked = await cf(['data', 'unpack', '--data', pack, '--out', out]);
    expect(unpacked.stderr).toMatch(
      /train\.rec' has pictures of 8 identities; the property beside it says 9$/m,
    );
    expect([unpacked.code, unpacked.stdout]).toEqual([0, `folder: ${out}, 32 pictures of 8 identities\n`]);
    const name = join(syntheticName(7), `${syntheticName(7)}_0004.png`);
    expect(Buffer.compare(await readFile(join(out, name)), await readFile(join(faces, name)))).toBe(0);
  });

  it('that are damaged, and lists with a mistake, are named with their place', async () => {
    const bin = join(base, 'damaged.bin');
    await writeFile(bin, Buffer.of(0x80, 4, 0x5d, 0x28, 0x42, 255, 255, 255, 255));
    const list = join(base, 'people.csv');
    await writeFile(list, 'path,identity\n1.jpg,Ada\n2.jpg\n');
    const [scored, trained, misnamed] = await Promise.all([
      cf(['eval', '--model', 'onnx:none.onnx', '--pairs', bin]),
      cf(['train', '--data', list, '--pixels=8', '--out', join(base, 'unused')]),
      cf(['data', 'pack', '--data', faces, '--out', join(base, 'folder')]),
    ]);
    expect(scored.code).toBe(3);
    expect([trained.code, trained.stderr]).toEqual([
      3,
      expect.stringMatching(/^ManifestError .*people\.csv:3: /),
    ]);
    expect([misnamed.code, misnamed.stderr]).toEqual([2, expect.stringMatching(/ends in \.rec/)]);
    expect(await readdir(base)).not.toContain('unused');
  });
});

describe.concurrent('cf data inspect', () => {
  it('tells sizes, what is broken and what two people have, with names that do nothing to a terminal', async () => {
    const odd = join(base, 'odd');
    await writeSyntheticFolder(odd, { seed: 3, identities: 3, imagesPerIdentity: 2 });
    const first = join(odd, syntheticName(0), `${syntheticName(0)}_0001.png`);
    await writeFile(join(odd, syntheticName(1), 'copy\nof \u001b[31mAda.png'), await readFile(first));
    await writeFile(join(odd, syntheticName(2), 'x\rskipped: \u009b2Jforged.png'), 'words');
    await mkdir(join(odd, '$RECYCLE.BIN'));
    const [text, json] = await Promise.all([
      cf(['data', 'inspect', '--data', odd]),
      cf(['data', 'inspect', '--data', odd, '--json']),
    ]);
    expect([text.code, json.code]).toEqual([0, 0]);
    expect([text, json].map(({ stdout, stderr }) => hasControls(stdout + stderr))).toEqual([false, false]);
    expect(text.stdout).toMatch(/^.*odd: folder, 3 identities, 7 pictures, /);
    expect(text.stdout).toMatch(/^ {2}2-3 {2}3 #+$/m);
    expect(text.stdout).toMatch(/^ {2}112×112: 7$/m);
    expect(text.stdout).toContain('x\\rskipped: \\x9b2Jforged.png: the content is no');
    expect(text.stdout).toMatch(/_0001\.png and .*copy\\nof \\x1b\[31mAda\.png: same bytes$/m);
    expect(JSON.parse(json.stdout)).toMatchObject({
      identities: 3,
      pictures: 7,
      histogram: [
        { from: 1, to: 1, identities: 0 },
        { from: 2, to: 3, identities: 3 },
      ],
      problems: [
        { kind: 'not an image', path: join(odd, syntheticName(2), 'x\rskipped: \u009b2Jforged.png') },
      ],
      shared: [{ kind: 'same bytes', a: { identity: syntheticName(0) }, b: { identity: syntheticName(1) } }],
    });
  });
});
