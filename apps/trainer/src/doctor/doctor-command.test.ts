import { expect, it, vi } from 'vitest';
import { runProgram } from '../program.ts';
import { withoutProgress } from '../testing.ts';
import type { Finding } from './probe.ts';

/** What becomes of the backend tfjs-cpu. */
const one = vi.hoisted(() => ({ state: 'proven' as Finding['state'] }));
vi.mock('./run-probe.ts', () => ({
  runProbe: async (name: string): Promise<Finding> =>
    name === 'backend tfjs-cpu'
      ? { state: one.state, told: 'as told' }
      : { state: 'proven', told: 'proven', productRate: 1e11 },
}));
withoutProgress();

/** Runs `cf doctor`. */
async function doctor(...flags: readonly string[]): Promise<{ code: unknown; text: string }> {
  let text = '';
  const log = vi.spyOn(console, 'log').mockImplementation((line) => {
    text += line;
  });
  process.exitCode = 0;
  try {
    await runProgram(['doctor', ...flags]);
    return { code: process.exitCode, text };
  } finally {
    process.exitCode = 0;
    log.mockRestore();
  }
}

it('exits with 1 where something that is there is wrong or dies, and with 0 where it is absent or late', async () => {
  for (const [state, code] of [
    ['proven', 0],
    ['absent', 0],
    ['slow', 0],
    ['wrong', 1],
    ['crashed', 1],
  ] as const) {
    one.state = state;
    expect((await doctor()).code, state).toBe(code);
  }
  expect((await doctor('--limit', '0')).code).toBe(2);
});

it('tells all as one object', async () => {
  one.state = 'wrong';
  const { text, code } = await doctor('--json');
  const { machine, findings, chosen, isSound } = JSON.parse(text);
  expect([code, isSound, findings['backend tfjs-cpu']]).toEqual([
    1,
    false,
    { state: 'wrong', told: 'as told' },
  ]);
  expect(machine.node).toBe(process.versions.node);
  expect(chosen).toMatchObject({ device: 'cpu', kernels: 'oneDNN', why: expect.any(Array) });
});
