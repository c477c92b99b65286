import { BackendError } from '@cf/core';
import { UnsupportedOperatorError } from '@cf/onnx';
import { learnerOptimiser, sgd } from '@cf/training';
import { describe, expect, it } from 'vitest';
import { chooseKernels, openOnKernels } from './choose-kernels.ts';

const options = { device: 'cpu', threads: 1, optimiser: learnerOptimiser({ rule: sgd() }) } as const;
const session = {} as Awaited<ReturnType<Parameters<typeof openOnKernels>[1]>>;
const found = await chooseKernels({ ...options, choice: 'auto' });
const needs = found.part === undefined ? ' (needs oneDNN)' : '';

function refusing(): never {
  throw new UnsupportedOperatorError([
    { node: 'attention', operator: 'Softmax', expected: 'a layer', fix: 'train it with the graphs.' },
  ]);
}

describe('what computes a training', () => {
  it('is the graphs of onnxruntime where they are asked for, and beside the processor', async () => {
    for (const [on, why] of [
      [{ choice: 'onnxruntime', device: 'cpu' }, 'as asked for'],
      [{ choice: 'auto', device: 'webgpu' }, 'on webgpu'],
    ] as const) {
      const { part: kernels, told } = await chooseKernels({ ...options, ...on });
      expect(kernels).toBeUndefined();
      expect(told).toBe(`kernels onnxruntime: ${why}`);
    }
  });

  it.skipIf(found.part === undefined)(`is oneDNN where it is found, and that is proven${needs}`, () => {
    expect(found.told).toMatch(
      /^kernels oneDNN \d+\.\d+\.\d+ \(\S+\): proven within \de-\d of the graphs of onnxruntime$/,
    );
  });

  it.skipIf(found.part !== undefined)(
    'is told with what would bring oneDNN (needs a machine without)',
    () => {
      expect(found.told).toMatch(
        /^kernels onnxruntime: a machine without oneDNN; to be faster, install oneDNN/,
      );
    },
  );

  it.skipIf(found.part === undefined)(`is the graphs where oneDNN does not know a node${needs}`, async () => {
    const opened = await openOnKernels({ ...options, choice: 'auto' }, async (kernels) =>
      kernels === undefined ? session : refusing(),
    );
    expect(opened.name).toBe('onnxruntime');
    expect(opened.told).toMatch(
      /^kernels onnxruntime: oneDNN .* has no layer for node 'attention' \(Softmax\)$/,
    );
  });

  it.skipIf(found.part === undefined)(`is never another one than was asked for${needs}`, async () => {
    const opening = openOnKernels({ ...options, choice: 'onednn' }, async (kernels) =>
      kernels === undefined ? session : refusing(),
    );
    await expect(opening).rejects.toThrow(UnsupportedOperatorError);
  });

  it.skipIf(found.part === undefined)(
    `is the graphs where oneDNN does not take a network${needs}`,
    async () => {
      const failing = async (kernels?: unknown): Promise<typeof session> => {
        if (kernels === undefined) return session;
        throw new BackendError(
          'dnnl_x of oneDNN ended with: not implemented',
          'a call that succeeds',
          'wait.',
        );
      };
      const { name, told } = await openOnKernels({ ...options, choice: 'auto' }, failing);
      expect(name).toBe('onnxruntime');
      expect(told).toMatch(/: oneDNN .* does not take this network \(dnnl_x of oneDNN ended with: not impl/);
      await expect(openOnKernels({ ...options, choice: 'onednn' }, failing)).rejects.toThrow(
        /^dnnl_x .*\nFix: wait; or say --kernels auto\.$/,
      );
    },
  );

  it('is an error where oneDNN is named for a card', async () => {
    await expect(chooseKernels({ ...options, choice: 'onednn', device: 'webgpu' })).rejects.toThrow(
      /^--kernels onednn with --device webgpu, expected oneDNN, which computes on the processor/,
    );
  });

  it('keeps what else goes wrong', async () => {
    const opening = openOnKernels({ ...options, choice: 'auto' }, async () => {
      throw new TypeError('a bug');
    });
    await expect(opening).rejects.toThrow('a bug');
  });
});
