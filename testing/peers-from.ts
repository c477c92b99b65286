import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vitest/config';

const PEERS = /^(onnxruntime-(?:node|web)|@tensorflow\/[^/]+|gpu\.js)(?:$|\/)/;

/**
 * Takes the frameworks that packages adapt from another folder, so that tests run with other versions of them.
 *
 * @param folder where the `node_modules` lies that holds them; none: the versions of the workspace
 */
export function peersFrom(folder: string | undefined): Plugin[] {
  if (folder === undefined) return [];
  return [
    {
      name: 'peers-from',
      enforce: 'pre',
      resolveId(id) {
        const peer = PEERS.exec(id)?.[1];
        if (peer === undefined) return null;
        if (!existsSync(join(folder, 'node_modules', peer)))
          throw new Error(`${peer} is not in ${folder}, from which CF_PEERS says to take it`);
        return this.resolve(id, join(folder, 'index.js'), { skipSelf: true });
      },
    },
  ];
}
