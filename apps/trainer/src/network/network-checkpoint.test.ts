import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLoss, referenceBackend, StateMismatchError } from '@cf/core';
import { describe, expect, it } from 'vitest';
import {
  failureOf,
  linearNetwork,
  networkConfigWith,
  patternData,
  temporaryFolder,
  withoutProgress,
} from '../testing.ts';
import { readNetworkCheckpoint, writeNetworkCheckpoint } from './network-checkpoint.ts';
import { firstNetworkState, type NetworkState } from './network-state.ts';
import { runNetwork } from './run-network.ts';

withoutProgress();

const DIM = 6;
const OWNER = { network: 'abc', dim: DIM };
const data = patternData(5, 8);
const network = (): ReturnType<typeof linearNetwork> => linearNetwork(16, DIM);

function first(loss: string = 'curricularface', classes: number = 5): NetworkState {
  return firstNetworkState(createLoss(loss), classes, DIM, 0);
}

/** A signal that is raised at the nth look at it. */
function afterLooks(looks: number): AbortSignal {
  let seen = 0;
  const { signal } = new AbortController();
  Object.defineProperty(signal, 'aborted', { get: () => ++seen > looks });
  return signal;
}

describe('a checkpoint', () => {
  it.each(['curricularface', 'softmax', 'elastic-arcface', 'adaface'])(
    'lets an interrupted training end in the same bits (%s)',
    async (loss) => {
      const config = networkConfigWith({ loss, lr: 0.05, epochs: 3, augmentShift: 1 });
      const path = join(await temporaryFolder(), 'checkpoint.safetensors');
      const hooks = { label: 'test', signal: new AbortController().signal };
      const straight = network();
      const end = await runNetwork(config, straight, data, referenceBackend(), first(loss), hooks);

      const stopped = network();
      await runNetwork(config, stopped, data, referenceBackend(), first(loss), {
        label: 'test',
        signal: afterLooks(6),
        onCheckpoint: (state) => writeNetworkCheckpoint(path, stopped, state, OWNER),
      });
      const resumed = network();
      const state = await readNetworkCheckpoint(path, resumed, first(loss), OWNER);
      expect(state.step).toBeGreaterThan(0);
      expect(state.step).toBeLessThan(end.step);
      expect(await runNetwork(config, resumed, data, referenceBackend(), state, hooks)).toEqual(end);
      expect(resumed.weight).toEqual(straight.weight);
    },
  );

  it('is refused where it is of another training, or broken', async () => {
    const path = join(await temporaryFolder(), 'checkpoint.safetensors');
    await writeNetworkCheckpoint(path, network(), first(), OWNER);
    const read = (state: NetworkState, owner = OWNER, into = network()) =>
      failureOf(() => readNetworkCheckpoint(path, into, state, owner));
    expect((await read(first(), { ...OWNER, network: 'other' })).message).toMatch(/another network/);
    expect((await read(first('arcface'))).message).toMatch(/loss curricularface/);
    expect((await read(first('curricularface', 6))).message).toMatch(/class centers 5 × 6/);
    const refuses = {
      ...network(),
      load: () => {
        throw new StateMismatchError('weights/x', 'the names of this session', 'take its own state.');
      },
    };
    expect(await read(first(), OWNER, refuses)).toMatchObject({ code: 'E_RUN' });
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 5));
    expect(await read(first())).toMatchObject({ code: 'E_RUN', message: expect.stringMatching(/cut short/) });
  });
});
