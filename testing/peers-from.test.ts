import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createViteServer } from 'vitest/node';
import { peersFrom } from './peers-from.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cf-peers-')));
let server: Awaited<ReturnType<typeof createViteServer>>;

beforeAll(async () => {
  for (const name of ['onnxruntime-node', '@tensorflow/tfjs']) {
    const path = join(folder, 'node_modules', name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'package.json'), JSON.stringify({ name, version: '0.0.1', main: 'index.js' }));
    for (const file of ['index.js', 'other.js']) writeFileSync(join(path, file), '');
  }
  server = await createViteServer({
    configFile: false,
    logLevel: 'silent',
    plugins: peersFrom(folder),
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const resolved = async (id: string): Promise<string | undefined> =>
  (await server.environments.ssr.pluginContainer.resolveId(id, import.meta.filename))?.id;

test.each([
  ['onnxruntime-node', 'onnxruntime-node/index.js'],
  ['@tensorflow/tfjs', '@tensorflow/tfjs/index.js'],
  ['@tensorflow/tfjs/other.js', '@tensorflow/tfjs/other.js'],
])('%s is that of the folder', async (id, file) => {
  expect(await resolved(id)).toBe(join(folder, 'node_modules', file));
});

test('a framework that the folder lacks is an error, not that of the workspace', async () => {
  await expect(resolved('onnxruntime-web')).rejects.toThrow(/onnxruntime-web is not in .*CF_PEERS/);
});

test('other packages stay, and all of them without a folder', async () => {
  expect(await resolved('vitest')).not.toContain(folder);
  expect(peersFrom(undefined)).toEqual([]);
});
