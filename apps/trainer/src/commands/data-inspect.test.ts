import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syntheticName, writeSyntheticFolder } from '@cf/data/node';
import { verificationBin } from '@cf/data/testing';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing.ts';
import { cf } from '../testing-cli.ts';

it('cf data inspect tells pairs, folds and pictures of a verification set', async () => {
  const base = await temporaryFolder();
  const faces = join(base, 'faces');
  await writeSyntheticFolder(faces, { seed: 3, identities: 2, imagesPerIdentity: 2 });
  const file = (person: number, n: number): Promise<Buffer> =>
    readFile(join(faces, syntheticName(person), `${syntheticName(person)}_000${n}.png`));
  const [a, b, c] = await Promise.all([file(0, 1), file(0, 2), file(1, 1)]);
  // Twelve pairs in ten folds; one has a picture that is cut, and one words in place of it.
  const pairs = Array.from({ length: 12 }, (_, i): [Buffer, Buffer, boolean] =>
    i % 2 === 0 ? [a, b, true] : [a, c, false],
  );
  pairs[3] = [a, c.subarray(0, 300), false];
  pairs[4] = [Buffer.from('words'), b, true];
  const path = join(base, 'set.bin');
  const pictures = pairs.flatMap((pair) => pair.slice(0, 2) as Buffer[]);
  await writeFile(
    path,
    verificationBin(
      pictures,
      pairs.map(([, , same]) => same),
    ),
  );
  const text = await cf(['data', 'inspect', '--data', path]);
  expect(text.code).toBe(0);
  const lines = text.stdout.split('\n');
  expect(lines[0]).toMatch(/set\.bin: verification set, 12 pairs in 10 folds, 24 pictures, /);
  expect(lines.slice(2, 6)).toEqual([
    'pairs: 6 genuine, 6 impostor',
    '  fold 1: 1 genuine, 1 impostor',
    '  fold 2: 1 genuine, 1 impostor',
    '  fold 3: 1 genuine, 0 impostor',
  ]);
  expect(text.stdout).toMatch(/^ {2}112×112: 22$/m);
  expect(text.stdout).toMatch(/^left out or broken \(2\)$/m);
  expect(text.stdout).toMatch(/^ {2}2; they are not scored$/m);
  expect(text.stdout).toMatch(/^ {2}19, with the same bytes as one before$/m);
  const json = await cf(['data', 'inspect', '--data', path, '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({
    root: path,
    kind: 'verification set',
    pairs: 12,
    genuine: 6,
    impostor: 6,
    pictures: 24,
    brokenPairs: 2,
    repeated: 19,
    sizes: [{ width: 112, height: 112, pictures: 22 }],
    problems: [{ kind: 'unreadable image' }, { kind: 'not an image' }],
  });
  await writeFile(path, (await readFile(path)).subarray(0, 500));
  const cut = await cf(['data', 'inspect', '--data', path]);
  expect([cut.code, cut.stderr]).toEqual([3, expect.stringMatching(/^VerificationSetError .*set\.bin/)]);
  expect(await readdir(base)).toEqual(['faces', 'set.bin']);
});
