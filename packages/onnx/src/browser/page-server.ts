import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';

/** A bundled page, served. */
export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** What makes a page isolated from other origins, so that it has shared memory and with it threads. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Bundles `page/` into a folder of its own and serves it on the loopback interface, at a free port. */
export async function servePage(): Promise<PageServer> {
  const root = fileURLToPath(new URL('page', import.meta.url));
  const outDir = await mkdtemp(join(tmpdir(), 'cf-onnx-page-'));
  const shared = { root, configFile: false, logLevel: 'error' } as const;
  await build({ ...shared, build: { outDir, emptyOutDir: true, target: 'esnext', minify: false } });
  const server = await preview({
    ...shared,
    build: { outDir },
    preview: { host: '127.0.0.1', port: 0, headers: ISOLATION },
  });
  return {
    url: server.resolvedUrls!.local[0]!,
    async close() {
      await server.close();
      await rm(outDir, { recursive: true, force: true });
    },
  };
}
