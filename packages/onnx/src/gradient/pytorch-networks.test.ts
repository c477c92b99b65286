import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findTorch } from '../../../../bench/peers/parity/torch.ts';
import { expectPyTorchGradients, exportedNetworks } from '../testing/exported-network.ts';

const SCRIPT = fileURLToPath(new URL('../../../../bench/peers/networks', import.meta.url));

/** Networks of one's own, in the form that the script writes; no Python runs then. */
const own = process.env.CF_NETWORKS;
const python = own === undefined ? findTorch() : undefined;

/** What the script prints. @param what a folder to write into, or `--names` */
function networks(what: string): string {
  // OpenBLAS finds its kernels itself.
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
  return execFileSync(python!, ['-B', SCRIPT, what], { encoding: 'utf8', env });
}

function namesOf(): readonly string[] {
  if (own !== undefined) return exportedNetworks(own);
  return python === undefined ? ['networks'] : networks('--names').trim().split('\n');
}

describe.skipIf(own === undefined && python === undefined)(
  'networks that PyTorch exports now (needs PyTorch)',
  () => {
    let folder = own ?? '';

    beforeAll(() => {
      if (own !== undefined) return;
      folder = mkdtempSync(join(tmpdir(), 'networks-'));
      networks(folder);
    });

    afterAll(() => {
      if (own === undefined) rmSync(folder, { recursive: true });
    });

    test.each(namesOf())('%s: embeddings and gradients are those of PyTorch', async (name) => {
      expect(await expectPyTorchGradients(join(folder, name))).toBeGreaterThan(0);
    });
  },
);
