import { curricularFace } from '@cf/core';
import { learnerOptimiser, sgd } from '@cf/training';
import type * as Runtime from 'onnxruntime-node';
import { beforeEach, expect, it, vi } from 'vitest';
import { choose } from '../doctor/examine.ts';
import { failureOf } from '../testing.ts';
import { chooseDevice, type DeviceWork } from './choose-device.ts';
import type { DeviceChoice } from './device.ts';

/** What the card of these tests, which is the processor, multiplies, and what it makes of a gradient. */
const card = vi.hoisted(() => ({ rate: 2e12, error: 0, isThere: true }));

vi.mock('../bench/product-rate.ts', () => ({
  openProductRate: async (_threads: number, _size: unknown, provider: string) => ({
    measure: async () => {},
    close: async () => (provider === 'cpu' ? 1.25e11 : card.rate),
  }),
}));

vi.mock('onnxruntime-node', async (importOriginal) => {
  const original = await importOriginal<typeof Runtime>();
  const create = async (model: Uint8Array, options: Runtime.InferenceSession.SessionOptions) => {
    const isCard = options.executionProviders?.[0] === 'webgpu';
    if (isCard && !card.isThere) throw new Error('Failed to get a WebGPU adapter');
    const session = await original.InferenceSession.create(model, {
      ...options,
      executionProviders: ['cpu'],
    });
    const run = async (feeds: Runtime.InferenceSession.FeedsType, fetches: object) => {
      const names = Object.keys(fetches).filter((name) => name !== 'no_tensor');
      const results = await session.run(feeds, names);
      const gradient = results['grad/deep.weight']?.data as Float32Array | undefined;
      if (isCard && gradient !== undefined) gradient[0]! += card.error;
      return results;
    };
    return { run, release: () => session.release() };
  };
  const listSupportedBackends = () => [
    { name: 'cpu', bundled: true },
    { name: 'webgpu', bundled: true },
  ];
  return { ...original, InferenceSession: { create }, listSupportedBackends };
});

beforeEach(() => Object.assign(card, { rate: 2e12, error: 0, isThere: true }));

const WORK: DeviceWork = {
  head: { loss: curricularFace() },
  network: { optimiser: learnerOptimiser({ rule: sgd() }) },
  threads: 1,
};

async function chosen(choice: DeviceChoice): Promise<readonly string[]> {
  const lines: string[] = [];
  const device = await chooseDevice(choice, WORK, (line) => lines.push(line));
  return [device, ...lines];
}

/** What `cf doctor` says that auto takes, of the same card. */
async function foretold({ rate, error, isThere }: typeof card): Promise<string> {
  const ofCard = {
    state: !isThere ? 'absent' : error === 0 ? 'proven' : 'wrong',
    productRate: rate,
  } as const;
  const cpu = { state: 'proven', told: '', productRate: 1.25e11 } as const;
  return (await choose({ 'provider cpu': cpu, 'provider webgpu': { ...ofCard, told: '' } })).device;
}

const PROVEN = 'proven on golden cases \\(head off by \\d\\.\\de-\\d, network off by \\d\\.\\de-\\d\\)';

it('the processor needs no proof and no word', async () => {
  expect(await chosen('cpu')).toEqual(['cpu']);
});

it('auto takes a card that is there, proven and faster, and says so in one line', async () => {
  const line = new RegExp(`^device webgpu: ${PROVEN}; products at 2000 GFLOP/s beside the processor's 125$`);
  expect(await chosen('auto')).toEqual(['webgpu', expect.stringMatching(line)]);
  expect(await foretold(card)).toBe('webgpu');
});

it.each([
  ['slower', { rate: 5e9 }, /webgpu has products at 5 GFLOP\/s beside the processor's 125$/],
  ['as fast', { rate: 1.25e11 }, /webgpu has products at 125 GFLOP\/s beside the processor's 125$/],
  ['wrong', { error: 1 }, /provider 'webgpu', whose network deviates by \d\.\de-\d$/],
  ['absent', { isThere: false }, /provider 'webgpu' \(Failed to get a WebGPU adapter\) is not there$/],
])('auto takes the processor beside one that is %s, and says why', async (_, change, why) => {
  Object.assign(card, change);
  expect(await chosen('auto')).toEqual([
    'cpu',
    expect.stringMatching(new RegExp(`^device cpu: ${why.source}`)),
  ]);
  expect(await foretold(card)).toBe('cpu');
});

it('one that is named is taken though it is slow, and is an error where it is wrong or absent', async () => {
  card.rate = 1;
  expect(await chosen('webgpu')).toEqual([
    'webgpu',
    expect.stringMatching(new RegExp(`^device webgpu: ${PROVEN}$`)),
  ]);
  card.error = 1;
  expect(await failureOf(() => chosen('webgpu'))).toMatchObject({ code: 'E_WRONG_RESULTS' });
  card.isThere = false;
  const absent = await failureOf(() => chosen('webgpu'));
  expect(absent).toMatchObject({ code: 'E_BACKEND' });
  expect(absent.message).toMatch(/Fix: .*libvulkan1/);
});
