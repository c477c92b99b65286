import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { failureOf, temporaryFolder } from '../testing.ts';
import { readTensors, type TensorFile, writeTensors } from './safetensors.ts';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

const sample: TensorFile = {
  tensors: {
    odd: { shape: [3], data: Float32Array.of(1, -0, Number.MIN_VALUE) },
    'a.b': { shape: [2, 2], data: Float64Array.of(Math.PI, 5e-324, -1e308, 0.1) },
    nothing: { shape: [0, 4], data: new Float64Array() },
  },
  metadata: { format: 'test', name: 'Žofie 李' },
};

async function roundTrip(file: TensorFile): Promise<TensorFile> {
  const path = join(folder, 'round.safetensors');
  await writeTensors(path, file);
  return readTensors(path);
}

/** A file with a header of one's own. */
async function put(header: unknown, data: number): Promise<string> {
  const path = join(folder, 'made.safetensors');
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  await writeFile(path, Buffer.concat([length, json, new Uint8Array(data)]));
  return path;
}

describe('writeTensors and readTensors', () => {
  it('round both types, shapes and metadata', async () => {
    expect(await roundTrip(sample)).toEqual(sample);
  });

  it('round any float64 array to the last bit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.float64Array({ maxLength: 20 }), async (data) => {
        const { tensors } = await roundTrip({ tensors: { x: { shape: [data.length], data } }, metadata: {} });
        expect(new Uint8Array(tensors.x!.data.buffer)).toEqual(new Uint8Array(data.slice().buffer));
      }),
      { numRuns: 30 },
    );
  });

  it('keep to the layout of the format', async () => {
    const path = join(folder, 'layout.safetensors');
    const { odd } = sample.tensors;
    await writeTensors(path, { tensors: { odd: odd! }, metadata: { format: 'x' } });
    const bytes = await readFile(path);
    const length = Number(bytes.readBigUInt64LE());
    expect(length % 8).toBe(0);
    expect(JSON.parse(bytes.toString('utf8', 8, 8 + length))).toEqual({
      __metadata__: { format: 'x' },
      odd: { dtype: 'F32', shape: [3], data_offsets: [0, 12] },
    });
    expect(bytes.readFloatLE(8 + length)).toBe(1);
    expect(bytes.length).toBe(8 + length + 12);
  });

  it('write part of a larger buffer alone', async () => {
    const data = Float64Array.of(1, 2, 3, 4).subarray(1, 3);
    const { tensors } = await roundTrip({ tensors: { x: { shape: [2], data } }, metadata: {} });
    expect([...tensors.x!.data]).toEqual([2, 3]);
  });
});

describe('readTensors', () => {
  it('names a file that is missing', async () => {
    const error = await failureOf(() => readTensors(join(folder, 'missing.safetensors')));
    expect(error.code).toBe('E_RUN');
    expect(error.message).toMatch(/missing\.safetensors/);
  });

  it('refuses a file cut at any byte, or of noise', async () => {
    const whole = join(folder, 'whole.safetensors');
    await writeTensors(whole, sample);
    const bytes = await readFile(whole);
    const cut = join(folder, 'cut.safetensors');
    for (const length of [0, 7, 8, 40, bytes.length - 60, bytes.length - 1]) {
      await writeFile(cut, bytes.subarray(0, length));
      expect(await failureOf(() => readTensors(cut))).toMatchObject({
        code: 'E_RUN',
        message: expect.stringMatching(
          /^'.*cut\.safetensors' \(.+\), expected a whole safetensors file\.\nFix: /,
        ),
      });
    }
    await writeFile(
      cut,
      Uint8Array.from({ length: 500 }, (_, i) => (i * 37 + 11) % 256),
    );
    expect((await failureOf(() => readTensors(cut))).code).toBe('E_RUN');
  });

  it.each([
    ['a type it does not know', { x: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] } }, /type BF16/],
    [
      'a shape of another size',
      { x: { dtype: 'F32', shape: [3], data_offsets: [0, 8] } },
      /8 bytes for \[3\]/,
    ],
    ['bytes before the data', { x: { dtype: 'F32', shape: [2], data_offsets: [-8, 0] } }, /byte -8/],
    ['bytes in falling order', { x: { dtype: 'F32', shape: [2], data_offsets: [8, 0] } }, /byte 8 to 0/],
    ['no offsets', { x: { dtype: 'F32', shape: [2] } }, /./],
    ['no object', 'null', /./],
    ['no JSON', '{{{', /JSON/],
  ])('refuses a header with %s', async (_, header, reason) => {
    const path = await put(header, 16);
    const error = await failureOf(() => readTensors(path));
    expect(error.code).toBe('E_RUN');
    expect(error.message).toMatch(reason);
  });
});

it.skipIf(process.platform === 'win32')(
  'names a pipe, and does not wait for who writes to it (needs POSIX)',
  async () => {
    const path = join(await temporaryFolder(), 'pipe.safetensors');
    execFileSync('mkfifo', [path]);
    expect((await failureOf(() => readTensors(path))).message).toMatch(/pipe\.safetensors'.*named pipe/);
  },
);
