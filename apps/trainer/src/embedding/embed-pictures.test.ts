import { join } from 'node:path';
import { syntheticName, writeSyntheticFolder } from '@cf/data/node';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../testing.ts';
import { type EmbeddingSettings, embedAll } from './embed-pictures.ts';
import type { EmbeddingModel } from './open-model.ts';

let sources: readonly string[];
beforeAll(async () => {
  const folder = await temporaryFolder();
  await writeSyntheticFolder(folder, { seed: 1, identities: 1, imagesPerIdentity: 2 });
  const name = syntheticName(0);
  sources = [1, 2].map((n) => join(folder, name, `${name}_000${n}.png`));
});

/** A model that has as many threads as it is asked for, up to some; what it is asked for; and the lines that are told. */
async function embedded(threads: EmbeddingSettings['threads'], most: number) {
  const asked: number[] = [];
  const network: EmbeddingModel['network'] = async (pictures) => new Float32Array(pictures.length).fill(1);
  const model = {
    name: 'a.onnx',
    shape: { width: 16, height: 16, channels: 3 },
    dim: 1,
    network,
    async startThreads(count) {
      asked.push(count);
      return most === 0 ? undefined : { count: Math.min(count, most), network, close: async () => {} };
    },
  } as EmbeddingModel;
  const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const signal = new AbortController().signal;
    const options = { strict: true, onProblem: () => {}, signal };
    await embedAll(model, { sources }, { flip: false, normalise: false, threads }, options);
    return { asked, told: told.mock.calls.join('') };
  } finally {
    told.mockRestore();
  }
}

describe('threads of a network', () => {
  it('are those that were asked for, of few pictures too', async () => {
    const { asked, told } = await embedded(3, 4);
    expect(asked).toEqual([3]);
    expect(told).not.toContain('thread');
  });

  it('are told of where they are fewer', async () => {
    for (const most of [0, 1])
      expect((await embedded(3, most)).told).toMatch(/^a\.onnx runs on one thread: .* takes no 3 threads$/m);
    expect((await embedded(1, 0)).told).not.toContain('a.onnx');
  });

  it('are not begun for few pictures unless asked for', async () => {
    const { asked, told } = await embedded(undefined, 4);
    expect([asked, told.includes('a.onnx')]).toEqual([[], false]);
  });
});
