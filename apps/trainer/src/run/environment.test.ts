import { join } from 'node:path';
import { referenceBackend } from '@cf/core';
import { expect, it } from 'vitest';
import { networkConfigWith, temporaryFolder } from '../testing.ts';
import { environmentOf, recordEnvironment } from './environment.ts';
import { createRunFolder, readJson } from './run-folder.ts';

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

it('is recorded once, and a run that goes on elsewhere says so', async () => {
  const run = await createRunFolder(join(await temporaryFolder(), 'run'));
  const told: string[] = [];
  const record = (environment: Record<string, string | number>): Promise<void> =>
    recordEnvironment(run, environment, (line) => told.push(line));
  await record({ node: '24.1', threads: 2 });
  await record({ node: '24.1', threads: 2 });
  expect(told).toEqual([]);
  await record({ node: '24.1', threads: 4 });
  expect(told).toEqual([expect.stringMatching(/last bits may differ: threads 2 → 4$/)]);
  expect(await readJson(run.file('environment'))).toEqual({ node: '24.1', threads: 2 });
});
