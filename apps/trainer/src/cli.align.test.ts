import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ARCFACE_TEMPLATE, type RawImage, sampleIdentity, sampleNuisance, warpImage } from '@cf/data';
import { decodeImage, pictureSheet, renderFace } from '@cf/data/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { SHARED, temporaryFolder } from './testing.ts';
import { cf, SMALL } from './testing-cli.ts';

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});

async function put(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

/** A PNG file's bytes. */
const encoded = (image: RawImage): Promise<Uint8Array> => pictureSheet([image], { columns: 1, gap: 0 });

/** A picture of 112×112 at [left, top] of a larger one, three halves as large. */
function within(image: RawImage, left: number, top: number): RawImage {
  return warpImage(image, { a: 1.5, b: 0, x: left, y: top }, 400, 300);
}

describe('cf data align', () => {
  it('takes landmarks of a file, tells what came out and what did not, and goes on', async () => {
    const [photos, out, list] = [join(base, 'photos'), join(base, 'faces'), join(base, 'landmarks.csv')];
    const lines: string[] = [];
    for (const [i, path] of ['Ann/1.png', 'Ann/trip/2.png', 'Bob/3.png'].entries()) {
      const face = await renderFace(sampleIdentity(1, i), sampleNuisance(1, i, 0, 0));
      await put(join(photos, path), await encoded(within(face, 100 + 20 * i, 60)));
      lines.push(
        [path, ...ARCFACE_TEMPLATE.flatMap(([x, y]) => [1.5 * x + 100 + 20 * i, 1.5 * y + 60])].join(','),
      );
    }
    await put(
      join(photos, 'Bob', 'nobody.png'),
      await encoded(within(await renderFace(sampleIdentity(1, 9), sampleNuisance(1, 9, 0, 0)), 0, 0)),
    );
    await put(join(photos, 'Bob', 'text.jpg'), 'words');
    await writeFile(list, lines.join('\n'));
    const align = ['data', 'align', '--data', photos, '--out', out, '--landmarks', list];
    const first = await cf(align);
    expect(first.stdout).toContain(`aligned 3 of 5 photographs: ${out}\n`);
    expect(first.stdout).toContain(
      `left out: 1 without a face, 1 unreadable; listed in ${join(out, '.align', 'left-out.jsonl')}\n`,
    );
    expect(first.stdout).toContain(
      `sheets: ${join(out, '.align', 'sheet.png')}, ${join(out, '.align', 'left-out.png')}\n`,
    );
    expect(first.stderr).toContain('skipped: ');
    expect(first.stderr).toMatch(/aligning: 5 photographs in .* photographs\/s\)\n/);
    expect(first.code).toBe(0);
    expect((await stat(join(out, 'Ann', 'trip--2.jpg'))).size).toBeGreaterThan(1000);
    const again = await cf(align);
    expect(again.stdout).toContain('aligned 3 of 5 photographs (4 done before)');
    expect(again.code).toBe(0);

    await writeFile(list, lines[0]!.replace('Ann/1.png', 'Nobody/1.png'));
    const none = await cf([...align.slice(0, 4), '--out', join(base, 'none'), '--landmarks', list]);
    expect(none.stdout).toContain('aligned 0 of 5 photographs');
    expect(none.stdout).toContain('landmarks whose path no photograph has: 1, such as Nobody/1.png\n');
    expect(none.code).toBe(3);
    await writeFile(list, 'Ann/1.png 3 4');
    const bad = await cf([...align.slice(0, 4), '--out', join(base, 'bad'), '--landmarks', list]);
    expect(bad.stderr).toContain('landmarks.csv:1: ');
    expect(bad.code).toBe(3);
    const idle = await cf([...align, '--threads', '2']);
    expect([idle.code, idle.stderr]).toEqual([2, expect.stringMatching(/--landmarks with --threads/)]);
  });
});

describe('cf data align that is stopped', () => {
  const crops = async (out: string): Promise<readonly string[]> => {
    const names = await readdir(out, { recursive: true }).catch(() => []);
    return names.filter((name) => name.endsWith('.jpg')).sort();
  };

  it.each([
    ['by Ctrl-C', 'SIGINT', 130],
    ['by a kill', 'SIGKILL', null],
  ] as const)('%s goes on, and leaves nothing half-written', async (_, signal, code) => {
    const [photos, list] = [join(base, signal, 'photos'), join(base, signal, 'landmarks.csv')];
    const image = await encoded(
      within(await renderFace(sampleIdentity(1, 1), sampleNuisance(1, 1, 0, 0)), 100, 60),
    );
    const landmarks = ARCFACE_TEMPLATE.flatMap(([x, y]) => [1.5 * x + 100, 1.5 * y + 60]).join(',');
    const paths = Array.from({ length: 120 }, (__, i) => `P${i % 20}/${i}.png`);
    for (const path of paths) await put(join(photos, path), image);
    await writeFile(list, paths.map((path) => `${path},${landmarks}`).join('\n'));
    const out = join(base, signal, 'faces');
    const align = ['data', 'align', '--data', photos, '--out', out, '--landmarks', list];
    const when = async (): Promise<boolean> => (await crops(out)).length > 20;
    const stopped = await cf(align, { signal: { name: signal, when } });
    expect(stopped.code).toBe(code);
    if (signal === 'SIGINT') expect(stopped.stdout).toContain('interrupted; the same command goes on');
    const made = await crops(out);
    expect(made.length).toBeLessThan(120);
    for (const name of made) await decodeImage(join(out, name), { channels: 3 });
    expect((await cf(align)).stdout).toMatch(/aligned 120 of 120 photographs \(\d+ done before\)/);
    // Of one photograph all come out alike.
    const bytes = await readFile(join(out, 'P0', '0.jpg'));
    for (const name of await crops(out))
      expect(bytes.equals(await readFile(join(out, name))), name).toBe(true);
    const beside = (await readdir(join(out, '.align'))).filter((name) => !name.endsWith('.partial'));
    expect(beside.sort()).toEqual(['left-out.jsonl', 'pictures.jsonl', 'sheet.png']);
  });
});

const FACES = join(SHARED, 'data/lfw-112');

describe.skipIf(!existsSync(FACES))('photographs of real faces (needs ../shared)', () => {
  let photos: string;
  beforeAll(async () => {
    photos = join(base, 'real');
    const people = readdirSync(FACES).filter((name) => readdirSync(join(FACES, name)).length === 3);
    for (const name of people.slice(0, 6)) {
      for (const [i, file] of readdirSync(join(FACES, name)).entries()) {
        const face = await decodeImage(join(FACES, name, file), { channels: 3 });
        await put(
          join(photos, name, file.replace('.jpg', '.png')),
          await encoded(within(face, 20 + 90 * i, 20 + 40 * i)),
        );
      }
    }
  });
  const train = (out: string, ...flags: readonly string[]): ReturnType<typeof cf> =>
    cf([
      'train',
      ...SMALL.filter((flag) => !/identi/.test(flag)),
      '--no-control',
      '--out',
      join(base, out),
      ...flags,
    ]);

  it('train with --align, whose crops the next training takes, and a resume too', async () => {
    const dry = await train('dry', '--data', photos, '--align', '--dry-run');
    expect(dry.stdout).toContain(
      `photographs would be aligned into ${photos}.aligned first; counted are the photographs`,
    );
    expect(dry.code).toBe(0);
    expect(existsSync(`${photos}.aligned`)).toBe(false);
    const first = await train('first', '--data', photos, '--align');
    expect(first.stdout).toContain(`aligned 18 of 18 photographs: ${photos}.aligned\n`);
    expect(first.stdout).toContain('4 identities, 12 images to train on');
    expect(first.stdout).not.toContain('warning: ');
    expect(first.code).toBe(0);
    const config = JSON.parse(await readFile(join(base, 'first', 'config.json'), 'utf8'));
    expect(config.data).toMatchObject({ root: photos, align: true });
    const second = await cf([
      'train',
      '--config',
      join(base, 'first', 'config.json'),
      '--out',
      join(base, 'second'),
    ]);
    expect(second.stdout).toContain('aligned 18 of 18 photographs (18 done before)');
    expect(second.code).toBe(0);
    const flags = ['--run', join(base, 'first'), '--data', photos, '--align', '--identification', '--json'];
    const scored = await cf(['eval', ...flags]);
    expect(scored.stderr).toContain('aligned 18 of 18 photographs (18 done before)');
    expect(JSON.parse(scored.stdout).identification).toMatchObject({ identities: 6, mated: 12, nonMated: 0 });
  });

  it('are warned about without it, and aligned crops are not', async () => {
    const raw = await train('raw', '--data', photos);
    expect(raw.stdout).toMatch(
      /warning: '.*real' looks unaligned: of 16 pictures, 1\d show a face, \d+ of them far/,
    );
    expect(raw.code).toBe(0);
    const crops = await train('crops', '--data', `${photos}.aligned`);
    expect(crops.stdout).not.toContain('warning: ');
    expect(crops.code).toBe(0);
  });
});
