import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeModel, GraphBuilder } from '@cf/onnx';
import { beforeAll, expect, it, vi } from 'vitest';
import { inspectionText } from '../report/inspection-text.ts';
import { failingAbove, smallOnnx } from '../testing/onnx-files.ts';
import { temporaryFolder } from '../testing.ts';
import { type FileInspection, inspectFile } from './inspect-file.ts';

const machine = vi.hoisted(() => ({ memory: 4e9 }));
vi.mock('node:process', async (load) => ({
  ...(await load<typeof import('node:process')>()),
  availableMemory: () => machine.memory,
}));

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

async function inspected(bytes: Uint8Array): Promise<FileInspection> {
  const file = join(folder, 'a.onnx');
  await writeFile(file, bytes);
  return inspectFile(file, { input: 'raw' });
}

/** One value of each picture in a normalisation. */
function normalisedLast(): Uint8Array {
  const net = new GraphBuilder();
  const channels = (name: string): string =>
    net.initializer(name, { type: 'float32', dims: [4], data: Float32Array.of(1, 2, 3, 4) });
  const weight = Float32Array.from({ length: 48 }, (_, i) => Math.sin(i));
  const flat = net.op('Flatten', [net.input('data', 'float32', ['N', 3, 2, 2])]);
  const x = net.op('MatMul', [flat, net.initializer('w', { type: 'float32', dims: [12, 4], data: weight })]);
  const statistics = ['scale', 'shift', 'mean', 'variance'].map(channels);
  net.op('BatchNormalization', [x, ...statistics], {}, { outputs: ['embedding'] });
  net.output('embedding', 'float32', ['N', 4]);
  return encodeModel(net.build());
}

it('a file that fails when it runs is refused, and it is said why', async () => {
  const { refusals, wasTried } = await inspected(failingAbove(smallOnnx(), 1));
  expect(wasTried).toBe(true);
  expect(refusals).toEqual([expect.stringMatching(/fails on two samples at once \(.*Gather/)]);
});

it('a batch is tried that is large enough for every normalisation', async () => {
  const { found, refusals, wasTried } = await inspected(normalisedLast());
  expect([found.smallestBatch, refusals, wasTried]).toEqual([2, [], true]);
});

it('where there is no room for the weights nothing is tried, and it is said', async () => {
  machine.memory = 1000;
  const inspection = await inspected(smallOnnx());
  machine.memory = 4e9;
  expect(inspection).toMatchObject({ refusals: [], wasTried: false });
  expect(inspectionText('a.onnx', inspection, false)).toMatch(
    /a\.onnx can train \(no batch was tried: it is large\)$/,
  );
});
