import { expect, test } from 'vitest';
import { inTurn } from './in-turn.ts';
import type { OnnxRuntime, RuntimeSession } from './onnx-runtime.ts';

/** Sessions that tell when a call begins and ends, and fail where the model is empty. */
function recorder(): { readonly sessions: OnnxRuntime['InferenceSession']; readonly events: string[] } {
  const events: string[] = [];
  const call = async <Result>(name: string, result: Result): Promise<Result> => {
    events.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    events.push(`${name} ends`);
    return result;
  };
  const session: RuntimeSession = { run: () => call('run', {}), release: () => call('release', undefined) };
  const create = async (model: Uint8Array): Promise<RuntimeSession> => {
    await call('create', undefined);
    if (model.length === 0) throw new Error('no model');
    return session;
  };
  return { sessions: { create }, events };
}

function expectInTurn(events: readonly string[]): void {
  for (let i = 0; i < events.length; i += 2) {
    expect(events[i]).toMatch(/ begins$/);
    expect(events[i + 1]).toBe(events[i]!.replace('begins', 'ends'));
  }
}

test('calls to all sessions of a runtime wait for each other, whoever asked for the sessions', async () => {
  const { sessions, events } = recorder();
  const model = new Uint8Array(1);
  const [a, b] = await Promise.all([inTurn(sessions).create(model), inTurn(sessions).create(model)]);
  await Promise.all([a.run({}, {}), b.run({}, {}), a.release(), b.run({}, {}), b.release()]);
  expect(events).toHaveLength(14);
  expectInTurn(events);
});

test('a call that fails keeps nobody waiting', async () => {
  const { sessions, events } = recorder();
  const turns = inTurn(sessions);
  const failing = turns.create(new Uint8Array(0));
  const next = turns.create(new Uint8Array(1));
  await expect(failing).rejects.toThrow('no model');
  await (await next).run({}, {});
  expectInTurn(events);
});

test('runtimes do not wait for each other', async () => {
  const { sessions, events } = recorder();
  const other = { create: sessions.create };
  await Promise.all([inTurn(sessions).create(new Uint8Array(1)), inTurn(other).create(new Uint8Array(1))]);
  expect(events).toEqual(['create begins', 'create begins', 'create ends', 'create ends']);
});
