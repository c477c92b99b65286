import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { failure, picture, temporaryFolder } from '../testing.ts';
import { decodeImage, withPicture } from './decode.ts';
import { DECODING_BYTES, DecodingBudget, decodingBudget, shareDecodingBudget } from './decoding-budget.ts';
import { loadImages } from './image-loader.ts';

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});
afterEach(() => {
  shareDecodingBudget(new DecodingBudget().buffer);
});

/** A PNG whose header claims what its pixels do not hold: nothing of it may be decoded. */
function claimedPng(width: number, height: number, bits: 8 | 16, interlaced: boolean): Buffer {
  const chunk = (name: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([bits, 2, 0, 0, interlaced ? 1 : 0], 8);
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const pixels = deflateSync(Buffer.alloc(100));
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

async function file(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(base, name), bytes);
  return join(base, name);
}

describe('a picture that would take too much memory', () => {
  it('is refused by name, from its header', async () => {
    const bomb = await file('bomb.png', claimedPng(16_000, 16_000, 16, true));
    expect(await failure(() => decodeImage(bomb, { width: 112, height: 112, channels: 3 }))).toContain(
      `${bomb}: its 16000×16000 pixels of 16 bits a channel take 1536 MB to decode; at most 512 MB are allowed`,
    );
    const wide = await file('wide.png', claimedPng(200_000, 2000, 8, false));
    expect(await failure(() => decodeImage(wide, { width: 9, channels: 1 }))).toMatch(
      /wide\.png: its 200000×2000 pixels are 400 million/,
    );
    const row = await file('row.png', claimedPng(130_000, 2000, 16, false));
    expect(await failure(() => decodeImage(row, { width: 9, channels: 1 }))).toMatch(
      /row\.png: its .* take 998 MB/,
    );
    const absurd = await file('absurd.png', claimedPng(2 ** 31 - 1, 2 ** 31 - 1, 16, true));
    expect(await failure(() => decodeImage(absurd, { width: 9, channels: 1 }))).toMatch(
      /4611686014\d* million/,
    );
    const long = await file('long.png', claimedPng(1000, 300_000, 8, false));
    expect(await failure(() => decodeImage(long, { width: 9, channels: 1 }))).toMatch(
      /are 300 million; at most 268 million/,
    );
  });

  it('is skipped among others, and all are decoded to the end', async () => {
    const jpeg = await file('plain.jpg', await picture());
    const bomb = await file('bomb2.png', claimedPng(16_000, 16_000, 16, true));
    const problems: string[] = [];
    const options = {
      width: 8,
      height: 8,
      channels: 3,
      onProblem: ({ path }: { path: string }) => problems.push(path),
    } as const;
    const seen: number[] = [];
    for await (const { index } of loadImages([jpeg, bomb, jpeg, bomb, jpeg], options)) seen.push(index);
    expect([seen, problems]).toEqual([
      [0, 2, 4],
      [bomb, bomb],
    ]);
    expect(decodingBudget().free).toBe(DECODING_BYTES);
  });

  it('counts by row where rows are decoded one after the other, and a size is asked for', async () => {
    const rows = await sharp({ create: { width: 6000, height: 6000, channels: 3, background: '#123' } })
      .png()
      .toBuffer();
    const [plain, source] = [
      await file('rows.png', rows),
      (path: string) => ({ kind: 'file', path }) as const,
    ];
    const held = (path: string, sized: boolean): Promise<number> =>
      withPicture(source(path), sized, async () => DECODING_BYTES - decodingBudget().free);
    expect(await held(plain, true)).toBeLessThan(30e6);
    expect(await held(plain, false)).toBeGreaterThan(100e6);
  });
});

describe('the budget of all decoders', () => {
  it('is never more than taken: large pictures wait for each other', async () => {
    shareDecodingBudget(new DecodingBudget(10_000_000).buffer);
    // Eight bytes a pixel are set aside for small pictures: of 8 MB one fits at a time.
    const large = await file('large.png', await picture('png', 1000, 1000));
    let [now, most] = [0, 0];
    await Promise.all(
      Array.from({ length: 6 }, () =>
        withPicture({ kind: 'file', path: large }, true, async () => {
          most = Math.max(most, ++now);
          expect(decodingBudget().free).toBeGreaterThanOrEqual(0);
          await new Promise((done) => setTimeout(done, 5));
          now--;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(decodingBudget().free).toBeGreaterThanOrEqual(9_999_000);
  });

  it('is given back where a picture fails, or work on it does', async () => {
    const cut = await file('cut.png', (await picture('png')).subarray(0, 200));
    await expect(decodeImage(cut, { channels: 3 })).rejects.toThrow();
    const whole = await file('whole.png', await picture('png'));
    const work = withPicture({ kind: 'file', path: whole }, true, () => Promise.reject(new Error('work')));
    await expect(work).rejects.toThrow('work');
    expect(decodingBudget().free).toBe(DECODING_BYTES);
  });

  it('is one for all threads that share its buffer', async () => {
    const budget = new DecodingBudget(1_000_000);
    await budget.take(800_000);
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
       import(workerData.module).then(async ({ DecodingBudget }) => {
         const budget = new DecodingBudget(workerData.buffer);
         parentPort.postMessage(budget.tryTake(500000));
         setInterval(() => {}, 1000);
         await budget.take(500000);
         parentPort.postMessage('taken');
       });`,
      {
        eval: true,
        workerData: { buffer: budget.buffer, module: join(import.meta.dirname, 'decoding-budget.ts') },
      },
    );
    try {
      const message = (): Promise<unknown> =>
        new Promise((done, failed) => {
          worker.once('message', done);
          worker.once('error', failed);
        });
      expect(await message()).toBe(false);
      const taken = message();
      await new Promise((done) => setTimeout(done, 20));
      budget.give(800_000);
      expect(await taken).toBe('taken');
      expect(budget.free).toBeLessThan(500_001);
    } finally {
      await worker.terminate();
    }
  });
});
