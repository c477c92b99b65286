import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** What makes a page isolated from other origins, so that it has shared memory and with it threads. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export interface FolderServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves folders on the loopback interface, at a free port. @param folders by the path that they stand under */
export async function serveFolders(folders: Readonly<Record<string, string>>): Promise<FolderServer> {
  const longestFirst = Object.keys(folders).sort((a, b) => b.length - a.length);
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname));
    const prefix = longestFirst.find((name) => path.startsWith(name));
    const rest = prefix === undefined ? undefined : path.slice(prefix.length) || 'index.html';
    readFile(rest === undefined ? '' : join(folders[prefix!]!, rest)).then(
      (body) => {
        const type = TYPES[extname(rest!)] ?? 'application/octet-stream';
        response.writeHead(200, { 'Content-Type': type, ...ISOLATION }).end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
