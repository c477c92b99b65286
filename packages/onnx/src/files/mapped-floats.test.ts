import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mapFloats } from './mapped-floats.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mapped-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(process.platform === 'win32')('numbers in a file', () => {
  test('are there again when it is opened again', async () => {
    const path = join(folder, 'a.f32');
    const first = mapFloats({ path, length: 2050, koffi });
    expect(first.values.every((value) => value === 0)).toBe(true);
    first.values[0] = 1.5;
    first.values[2049] = -2;
    first.flush();
    const bytes = await readFile(path);
    expect([bytes.length, bytes.readFloatLE(0), bytes.readFloatLE(4 * 2049)]).toEqual([8200, 1.5, -2]);
    first.close();
    const again = mapFloats({ path, length: 2050, koffi });
    expect([again.values[0], again.values[2049]]).toEqual([1.5, -2]);
    again.close();
  });

  test('are seen where they were written through the file, and nowhere else', () => {
    const mapped = mapFloats({ path: join(folder, 'written.f32'), length: 3000, koffi });
    mapped.values.fill(1);
    mapped.write(
      1500,
      Float32Array.from({ length: 1400 }, (_, i) => i),
    );
    mapped.values[0] = 5;
    mapped.write(2999, Float32Array.of(-1));
    expect(mapped.values.slice(1498, 1503)).toEqual(Float32Array.of(1, 1, 0, 1, 2));
    expect(mapped.values.slice(2898)).toEqual(
      Float32Array.from({ length: 102 }, (_, i) => (i < 2 ? 1398 + i : i < 101 ? 1 : -1)),
    );
    expect(mapped.values[0]).toBe(5);
    expect(() => mapped.write(2999, new Float32Array(2))).toThrow(/^from = 2999/);
    mapped.close();
  });

  test('may be more than memory holds, and take no room before they are written', async () => {
    const path = join(folder, 'large.f32');
    const length = 10_000_000_000;
    const large = mapFloats({ path, length, koffi });
    large.values[length - 1] = 7;
    expect(large.values.subarray(length - 2)).toEqual(Float32Array.of(0, 7));
    large.close();
    expect((await stat(path)).blocks).toBeLessThan(1000);
  });

  test('need a folder and a length', () => {
    expect(() => mapFloats({ path: join(folder, 'none', 'a'), length: 1, koffi })).toThrow(/ENOENT/);
    expect(() => mapFloats({ path: join(folder, 'b'), length: 0, koffi })).toThrow(/^length = 0/);
  });
});
