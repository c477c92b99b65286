import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { expectPyTorchGradients, exportedNetworks } from '../testing/exported-network.ts';

const FOLDER = fileURLToPath(new URL('../../../../../shared/onnx/', import.meta.url));
const isHere = existsSync(FOLDER);

describe.skipIf(!isHere)('networks that other tools wrote (needs ../shared)', () => {
  const names = isHere ? exportedNetworks(FOLDER) : ['networks'];
  test.each(names)('%s: embeddings and gradients are those of PyTorch', async (name) => {
    expect(await expectPyTorchGradients(join(FOLDER, name))).toBeGreaterThan(10);
  });
});
