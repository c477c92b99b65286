import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { afterAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxFileError } from '../errors.ts';
import { decodeModel, encodeModel } from '../model/codec.ts';
import { externalFiles, splitExternalData } from '../model/external-data.ts';
import { mapModel, tensorsOf } from '../model/map-model.ts';
import { StringStringEntryProtoSchema } from '../model/messages/onnx_pb.js';
import type { Model } from '../model/model.ts';
import { createTensor, readTensor } from '../model/tensor.ts';
import { withFields } from '../model/with-fields.ts';
import { sessionModel } from '../runtime/session-model.ts';
import { CHECKER_PYTHON } from '../testing/onnx-checker.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { readModelFile } from './read-model-file.ts';
import { writeModelFile } from './write-model-file.ts';

const base = await mkdtemp(join(tmpdir(), 'cf-model-files-'));
afterAll(() => rm(base, { recursive: true, force: true }));

const DESCRIPTORS = '/proc/self/fd';

let folders = 0;
async function freshFolder(): Promise<string> {
  const folder = join(base, `${folders++}`);
  await mkdir(folder);
  return folder;
}

function network(seed: number = 1): Model {
  const b = new GraphBuilder();
  let x = b.input('x', 'float32', ['N', 30]);
  x = b.op('MatMul', [x, b.initializer('fc.weight', randomTensor('float32', [30, 40], seed))]);
  x = b.op('Add', [x, b.initializer('bias', randomTensor('float32', [40], seed + 1))]);
  x = b.op('Mul', [x, b.op('Constant', [], { value: { tensor: randomTensor('float32', [40], seed + 2) } })]);
  b.output(x, 'float32', ['N', 40]);
  return b.build();
}

const numbersOf = (model: Model): unknown => tensorsOf(model).map((tensor) => readTensor(tensor).data);
const all = { location: 'weights/all.bin', threshold: 0 };

test('a model is read and written with its side files, as it was', async () => {
  const [from, to] = [await freshFolder(), await freshFolder()];
  const written = await writeModelFile(join(from, 'net.onnx'), network(), { external: all });
  expect(written).toEqual({ files: [join(from, 'weights/all.bin'), join(from, 'net.onnx')], notes: [] });
  const model = await readModelFile(join(from, 'net.onnx'));
  expect(numbersOf(model)).toEqual(numbersOf(network()));
  await writeModelFile(join(to, 'net.onnx'), model);
  for (const file of ['net.onnx', 'weights/all.bin'])
    expect(await readFile(join(to, file))).toEqual(await readFile(join(from, file)));
  await writeModelFile(join(to, 'inside.onnx'), model, { external: 'none' });
  expect(encodeModel(await readModelFile(join(to, 'inside.onnx')))).toEqual(encodeModel(network()));
});

test('from 1024 bytes on weights go beside, where no threshold is given', async () => {
  const path = join(await freshFolder(), 'net.onnx');
  await writeModelFile(path, network(), { external: { location: 'w.bin' } });
  const [file] = externalFiles(decodeModel(await readFile(path)));
  expect(file!.ranges.map(({ tensor }) => tensor)).toEqual(['fc.weight']);
});

test('weights of more than 2 GB go beside the model, and it is said', async () => {
  const path = join(await freshFolder(), 'net.onnx');
  // One memory for all of them, in which they have one place.
  const shared = createTensor('w', { type: 'uint8', dims: [2 ** 26], data: new Uint8Array(2 ** 26) });
  const b = new GraphBuilder();
  for (let i = 0; i < 33; i++) b.addInitializer(withFields(shared, { name: `w${i}` }));
  b.output(b.op('Identity', ['w0']), 'uint8', [2 ** 26]);
  const model = b.build();
  expect(() => encodeModel(model)).toThrow(/at most 2147483647 in one file/);
  await expect(writeModelFile(path, model, { external: 'none' })).rejects.toThrow(OnnxFileError);
  const { files, notes } = await writeModelFile(path, model);
  expect(files).toEqual([`${path}.data`, path]);
  expect(notes).toMatchObject([{ kind: 'weights-beside', names: ['net.onnx.data'] }]);
  expect((await stat(`${path}.data`)).size).toBe(2 ** 26);
  const { bytes, options } = sessionModel(await readModelFile(path));
  expect([bytes.length < 10_000, options.externalData?.length]).toEqual([true, 33]);
});

describe('what can not be read is told', () => {
  async function written(): Promise<string> {
    const path = join(await freshFolder(), 'net.onnx');
    const model = mapModel(network(), {
      tensor: (one) =>
        withFields(one, {
          externalData: [
            create(StringStringEntryProtoSchema, { key: 'location', value: `${one.dims.join('-')}.bin` }),
          ],
        }),
    });
    await writeModelFile(path, model);
    return path;
  }

  test('all side files that are missing, at once', async () => {
    const path = await written();
    for (const name of ['30-40.bin', '40.bin']) await rm(join(path, '..', name));
    await expect(readModelFile(path)).rejects.toThrow(/'30-40.bin' is missing; '40.bin' is missing/);
  });

  test('one that was cut short, is a folder, or a link that leaves', async () => {
    const path = await written();
    const side = join(path, '..', '30-40.bin');
    await truncate(side, 100);
    await expect(readModelFile(path)).rejects.toThrow(/has 100 bytes, and 4800 are used/);
    await rm(side);
    await mkdir(side);
    await expect(readModelFile(path)).rejects.toThrow(/is no file/);
    await rm(side, { recursive: true });
    const secret = join(base, 'secret');
    await writeFile(secret, new Uint8Array(4800));
    await symlink(secret, side);
    await expect(readModelFile(path)).rejects.toThrow(/a link that leaves/);
    await rm(side);
    await writeFile(join(path, '..', 'inside'), new Uint8Array(4800));
    await symlink('inside', side);
    expect(numbersOf(await readModelFile(path))).toHaveLength(3);
  });

  test('one that has another SHA-1 than the model says', async () => {
    const folder = await freshFolder();
    const { model, files } = splitExternalData(network(), { location: 'w.bin', threshold: 0 });
    const checksum = createHash('sha1').update(files.get('w.bin')!).digest('hex');
    const checked = mapModel(model, {
      tensor: (one) =>
        withFields(one, {
          externalData: [
            ...one.externalData,
            create(StringStringEntryProtoSchema, { key: 'checksum', value: checksum }),
          ],
        }),
    });
    await writeFile(join(folder, 'net.onnx'), encodeModel(checked));
    await writeFile(join(folder, 'w.bin'), files.get('w.bin')!);
    expect(numbersOf(await readModelFile(join(folder, 'net.onnx')))).toEqual(numbersOf(network()));
    files.get('w.bin')![5]! ^= 1;
    await writeFile(join(folder, 'w.bin'), files.get('w.bin')!);
    await expect(readModelFile(join(folder, 'net.onnx'))).rejects.toThrow(/SHA-1/);
  });

  test('no file, a folder, no model', async () => {
    const folder = await freshFolder();
    await expect(readModelFile(join(folder, 'none.onnx'))).rejects.toThrow(
      /none\.onnx', which does not exist/,
    );
    await expect(readModelFile(folder)).rejects.toThrow(OnnxFileError);
    const huge = join(folder, 'huge.onnx');
    await writeFile(huge, '');
    await truncate(huge, 2 ** 31);
    await expect(readModelFile(huge)).rejects.toThrow(/2147483648 bytes, and a model has 2147483647 at most/);
    await writeFile(join(folder, 'noise'), 'noise');
    await expect(readModelFile(join(folder, 'noise'))).rejects.toThrow(/noise' \(5 bytes/);
  });
});

test.skipIf(!existsSync(DESCRIPTORS))('no file stays open (needs /proc)', async () => {
  const path = join(await freshFolder(), 'net.onnx');
  const openFiles = async (): Promise<number> => {
    const links = await Promise.all(
      (await readdir(DESCRIPTORS)).map((name) => readlink(join(DESCRIPTORS, name)).catch(() => '')),
    );
    return links.filter((link) => link.startsWith(base)).length;
  };
  await writeModelFile(path, network(), { external: all });
  await readModelFile(path);
  await rm(join(path, '..', 'weights'), { recursive: true });
  await expect(readModelFile(path)).rejects.toThrow(/is missing/);
  expect(await openFiles()).toBe(0);
});

describe('nothing is half written', () => {
  test('no folder, or a side file that is the model or leaves by a link', async () => {
    const folder = await freshFolder();
    await expect(writeModelFile(join(folder, 'none', 'net.onnx'), network())).rejects.toThrow(
      /can be written/,
    );
    await expect(
      writeModelFile(join(folder, 'net.onnx'), network(), { external: { location: 'NET.onnx' } }),
    ).rejects.toThrow(/the model itself/);
    await symlink(base, join(folder, 'weights'));
    await expect(writeModelFile(join(folder, 'net.onnx'), network(), { external: all })).rejects.toThrow(
      /leaves/,
    );
    expect(await readdir(folder)).toEqual(['weights']);
    // A folder behind the link is not made either.
    const behind = { location: 'weights/made/w.bin' };
    await expect(writeModelFile(join(folder, 'net.onnx'), network(), { external: behind })).rejects.toThrow(
      /leaves/,
    );
    expect(await readdir(base)).not.toContain('made');
    await mkdir(join(folder, 'net.onnx'));
    await expect(writeModelFile(join(folder, 'net.onnx'), network())).rejects.toThrow(/is a folder/);
  });

  test('a process that is killed leaves the old model, the new one or none, never a mixture', async () => {
    const folder = await freshFolder();
    const path = join(folder, 'net.onnx');
    const source = new URL('.', import.meta.url).href;
    const script = `
      import { writeModelFile } from '${source}write-model-file.ts';
      import { readModelFile } from '${source}read-model-file.ts';
      const models = [await readModelFile(process.argv[1]), await readModelFile(process.argv[2])];
      process.send?.('ready'); console.log('ready');
      for (let i = 0; ; i++) await writeModelFile(process.argv[3], models[i % 2]);`;
    const { spawn } = await import('node:child_process');
    for (const seed of [1, 2])
      await writeModelFile(join(await freshFolder(), 'net.onnx'), network(seed), { external: all });
    const both = [folders - 2, folders - 1].map((i) => join(base, `${i}`, 'net.onnx'));
    const expected = [numbersOf(network(1)), numbersOf(network(2))].map((numbers) => JSON.stringify(numbers));
    const seen = new Set<string>();
    for (let run = 0; run < 6; run++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, ...both, path]);
      await new Promise((resolve) => child.stdout.once('data', resolve));
      // The first is killed after it has written one, however busy the machine is.
      while (run === 0 && !(await readdir(folder)).includes('net.onnx'))
        await new Promise((resolve) => setTimeout(resolve, 1));
      await new Promise((resolve) => setTimeout(resolve, 7 * run + 3));
      const exit = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exit;
      if ((await readdir(folder)).includes('net.onnx')) {
        const numbers = JSON.stringify(numbersOf(await readModelFile(path)));
        expect(expected).toContain(numbers);
        seen.add(numbers);
      }
      // What it left aside may be taken away.
      for (const name of await readdir(folder))
        if (name.endsWith('.tmp')) await rename(join(folder, name), join(base, `left-${run}-${name}`));
    }
    expect(seen.size).toBeGreaterThan(0);
  });
});

const python = (script: string, ...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync(CHECKER_PYTHON!, ['-c', script, ...args]);
  if (status !== 0) throw new Error(stderr.toString());
  return stdout.toString();
};

describe.skipIf(CHECKER_PYTHON === undefined)("beside ONNX's own tool (needs python3-onnx)", () => {
  test.each([
    ['one file', 'True'],
    ['a file a tensor', 'False'],
  ])('what it writes is read: %s', async (_, isOne) => {
    const folder = await freshFolder();
    await writeFile(join(folder, 'in.onnx'), encodeModel(network()));
    python(
      `
import onnx, sys
model = onnx.load(sys.argv[1] + '/in.onnx')
onnx.save_model(model, sys.argv[1] + '/net.onnx', save_as_external_data=True, all_tensors_to_one_file=${isOne}, location='net.data' if ${isOne} else None, size_threshold=0, convert_attribute=True)`,
      folder,
    );
    const path = join(folder, 'net.onnx');
    const files = externalFiles(decodeModel(await readFile(path)));
    expect(files).toHaveLength(isOne === 'True' ? 1 : 3);
    const model = await readModelFile(path);
    expect(numbersOf(model)).toEqual(numbersOf(network()));
    const again = externalFiles(splitExternalData(model).model);
    expect(again.map(({ location }) => location)).toEqual(files.map(({ location }) => location));
  });

  test('what is written here it reads and accepts', async () => {
    const folder = await freshFolder();
    await writeModelFile(join(folder, 'net.onnx'), network(), { external: { ...all, location: 'all.bin' } });
    const sums = python(
      `
import onnx, sys
from onnx import numpy_helper
onnx.checker.check_model(sys.argv[1] + '/net.onnx', full_check=True)
model = onnx.load(sys.argv[1] + '/net.onnx')
tensors = list(model.graph.initializer) + [a.t for n in model.graph.node for a in n.attribute if a.name == 'value']
print([float(numpy_helper.to_array(t).astype('float64').sum()) for t in tensors])`,
      folder,
    );
    const own = tensorsOf(network()).map((tensor) =>
      (readTensor(tensor).data as Float32Array).reduce((a, b) => a + b, 0),
    );
    const theirs = (JSON.parse(sums) as number[]).sort((a, b) => a - b);
    own
      .sort((a, b) => a - b)
      .forEach((sum, i) => {
        expect(theirs[i]).toBeCloseTo(sum, 4);
      });
  });
});
