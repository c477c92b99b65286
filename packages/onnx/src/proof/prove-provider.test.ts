import { SPECIMENS } from '@cf/conformance';
import { arcFace, curricularFace } from '@cf/core';
import { adamw, learnerOptimiser, sgd } from '@cf/training';
import * as node from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { onnxBackend } from '../head/onnx-backend.ts';
import type { OnnxRuntime, RuntimeSession } from '../runtime/onnx-runtime.ts';
import { headDeviation } from './head-deviation.ts';
import { PROOF_TOLERANCE, proveProvider } from './prove-provider.ts';

const optimiser = learnerOptimiser({ rule: sgd({ momentum: 0.9 }) });

/** A runtime whose provider `card` is its processor, with the first number of one output made larger by a share. */
function deviating(output: RegExp, share: number): OnnxRuntime {
  const create: OnnxRuntime['InferenceSession']['create'] = async (model, options = {}) => {
    const isCard = options.executionProviders?.[0] === 'card';
    const session = await node.InferenceSession.create(model, { ...options, executionProviders: ['cpu'] });
    const run: RuntimeSession['run'] = async (feeds, fetches) => {
      const names = Object.keys(fetches).filter((name) => name !== 'no_tensor');
      const results = await session.run(feeds as Parameters<typeof session.run>[0], names);
      for (const [name, { data }] of Object.entries(results))
        if (isCard && output.test(name)) (data as Float32Array)[0]! *= 1 + share;
      return results;
    };
    return { run, release: () => session.release() };
  };
  return { Tensor: node.Tensor, InferenceSession: { create } };
}

const proofOf = (runtime: OnnxRuntime): ReturnType<typeof proveProvider> =>
  proveProvider({ runtime, provider: 'card', threads: 1, head: { loss: arcFace() }, network: { optimiser } });

test('a provider that computes as the processor does is proven', async () => {
  const proof = await proofOf(deviating(/^none$/, 0));
  expect(proof.provider).toBe('card');
  // Its normalisations are written by parts.
  expect(proof.network).toBeLessThan(PROOF_TOLERANCE.network / 10);
  expect(proof.head).toBeLessThan(PROOF_TOLERANCE.head / 4);
});

test.each([
  ['network', /^embedding$/],
  ['network', /^grad\/deep\.weight$/],
  ['network', /^grad\/features\.bias$/],
  ['network', /^next\/linear\.weight$/],
  ['network', /running_var$/],
  ['head', /^grad_w$/],
  ['head', /^after$/],
])('one wrong number of its %s is an error that tells the deviation: %s', async (part, output) => {
  await expect(proofOf(deviating(output, 0.5))).rejects.toMatchObject({
    code: 'E_WRONG_RESULTS',
    given: expect.stringMatching(new RegExp(`'card', whose ${part} deviates by \\d\\.\\de`)),
    expected: expect.stringMatching(/at most \de-\d of what the (processor|float64 reference) gives/),
  });
});

test('an absent provider is an error with what brings it', async () => {
  const proof = (provider: string): Promise<unknown> =>
    proveProvider({ runtime: node, provider, network: { optimiser } });
  await expect(proof('dml')).rejects.toMatchObject({
    code: 'E_BACKEND',
    given: expect.stringContaining("'dml'"),
    fix: expect.stringContaining('Windows'),
  });
  const head = proveProvider({ runtime: node, provider: 'coreml', head: { loss: curricularFace() } });
  await expect(head).rejects.toMatchObject({ code: 'E_BACKEND', fix: expect.stringContaining('macOS') });
});

test('what is not asked for is not tried', async () => {
  expect(await proveProvider({ runtime: deviating(/./, 1), provider: 'card' })).toEqual({
    provider: 'card',
    head: undefined,
    network: undefined,
  });
});

test('any loss and optimiser can be proven, and leaves room', async () => {
  const backend = await onnxBackend({ runtime: node, threads: 1 });
  for (const { name, create } of SPECIMENS) {
    for (const subCenters of [1, 3]) {
      const deviation = await headDeviation(backend, { loss: create(undefined, 40), subCenters });
      expect(deviation, `${name}, ${subCenters} centers`).toBeLessThan(PROOF_TOLERANCE.head / 4);
    }
  }
  await backend.dispose();
  const adam = learnerOptimiser({ rule: adamw(), weightDecay: 0.1, clipNorm: 1 });
  const runtime = deviating(/^none$/, 0);
  const { network } = await proveProvider({ runtime, provider: 'card', network: { optimiser: adam } });
  expect(network).toBeLessThan(PROOF_TOLERANCE.network / 10);
});
