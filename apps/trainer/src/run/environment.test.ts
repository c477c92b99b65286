import { join } from 'node:path';
import { referenceBackend } from '@cf/core';
import { expect, it } from 'vitest';
import { networkConfigWith, temporaryFolder } from '../testing.ts';
import { environmentOf, recordEnvironment } from './environment.ts';
import { readJson } from './json-file.ts';
import { createRunFolder } from './run-folder.ts';

it('tells versions, machine, threads and what the head chose', async () => {
  const backend = { ...referenceBackend(), choices: { elementwise: 'wasm' } };
  const environment = await environmentOf(networkConfigWith({ threads: 3, head: 'onnx' }), backend);
  expect(environment).toMatchObject({
    node: process.versions.node,
    engine: 'onnx',
    threads: 3,
    head: 'reference',
    'head elementwise': 'wasm',
  });
  expect(environment.onnxruntime).toMatch(/^\d+\.\d+/);
});

it('is recorded, and a run that goes on elsewhere says so and keeps where it was before', async () => {
  const run = await createRunFolder(join(await temporaryFolder(), 'run'));
  const told: string[] = [];
  const record = (environment: Record<string, string | number>, afterStep = 0): Promise<void> =>
    recordEnvironment(run, environment, { afterStep, say: (line) => told.push(line) });
  // As a version before devices wrote it.
  await record({ node: '24.1', threads: 2 });
  await record({ node: '24.1', threads: 2, device: 'cpu' }, 3);
  expect(told).toEqual([]);
  const first = { node: '24.1', threads: 2 };
  expect(await readJson(run.file('environment'))).toEqual(first);
  await record({ node: '24.1', threads: 4, device: 'webgpu' }, 5);
  expect(told).toEqual([expect.stringMatching(/last bits may differ: device cpu → webgpu, threads 2 → 4$/)]);
  await record({ node: '24.1', threads: 4, device: 'webgpu' }, 6);
  expect(told).toHaveLength(1);
  await record({ node: '24.1', device: 'cpu' }, 7);
  await record({ node: '24.1', device: 'cpu' }, 8);
  expect(told.slice(1)).toEqual([expect.stringMatching(/: device webgpu → cpu, threads 4 → none$/)]);
  expect(await readJson(run.file('environment'))).toEqual({
    ...first,
    resumed: [
      { afterStep: 5, device: 'webgpu', threads: 4 },
      { afterStep: 7, device: 'cpu', threads: 'none' },
    ],
  });
});
