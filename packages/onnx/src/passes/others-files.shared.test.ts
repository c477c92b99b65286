import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../model/codec.ts';
import { graphOf, inputsOf } from '../model/model.ts';
import { declaredShape } from '../model/value-info.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { inspectModel } from './inspection/inspect-model.ts';
import { prepareModel } from './prepare-model.ts';
import { trainingForm } from './training-form/training-form.ts';

const SHARED = fileURLToPath(new URL('../../../../../shared', import.meta.url));
const read = (path: string): ReturnType<typeof decodeModel> => decodeModel(readFileSync(`${SHARED}/${path}`));

describe.skipIf(!existsSync(SHARED))('files of other tools (need ../shared)', () => {
  test.each(['vit', 'swin', 'convnext', 'ecapa', 'activations'])(
    'all that PyTorch calls a parameter trains: %s',
    (name) => {
      const { gradients } = JSON.parse(readFileSync(`${SHARED}/onnx/${name}/case.json`, 'utf8'));
      const model = read(`onnx/${name}/model.onnx`);
      const kept = new Set(graphOf(model).initializer.map((tensor) => tensor.name));
      const trained = trainingForm(prepareModel(model).model).parameters.map((each) => each.name);
      const named = trained.filter((each) => !/onnx::/.test(each)).sort();
      const expected = (gradients as readonly [string, unknown][])
        .map(([each]) => each)
        .filter((each) => kept.has(each));
      expect(named).toEqual(expected.sort());
    },
  );

  test.each(['batch-of-one', 'batch-in-reshape'])('%s: its batch is freed, and it is said', async (name) => {
    const given = read(`cases/${name}.onnx`);
    const { model, input, output, notes } = prepareModel(given);
    expect(notes.map(({ kind }) => kind)).toContain('batch-freed');
    const dims = declaredShape(inputsOf(graphOf(model))[0]!)!.slice(1) as number[];
    const size = dims.reduce((a, b) => a * b, 1);
    const pictures = randomTensor('float32', [3, ...dims], 1).data as Float32Array;
    const [freed, alone] = [await openModel(model), await openModel(given)];
    const together = (await freed.run({ [input]: { type: 'float32', dims: [3, ...dims], data: pictures } }))[
      output
    ]!.data as Float32Array;
    const dim = together.length / 3;
    for (let i = 0; i < 3; i++) {
      const data = pictures.slice(i * size, (i + 1) * size);
      const one = (await alone.run({ [input]: { type: 'float32', dims: [1, ...dims], data } }))[output]!;
      (one.data as Float32Array).forEach((value, j) => {
        expect(together[i * dim + j]).toBeCloseTo(value, 5);
      });
    }
    await Promise.all([freed.release(), alone.release()]);
  });

  test('a norm in pieces trains its real scale and offset', () => {
    const { parameters, frozen } = trainingForm(read('cases/group-norm-in-pieces.onnx'));
    const kinds = Object.fromEntries(parameters.map(({ name, kind }) => [name, kind]));
    expect(kinds).toEqual({
      'c.weight': 'weight',
      'c.bias': 'bias',
      'onnx::Mul_24': 'norm',
      'onnx::Add_25': 'norm',
      'o.weight': 'weight',
      'o.bias': 'bias',
    });
    expect(frozen.map(({ name }) => name)).toEqual(['/n/Constant_1_output_0', '/n/Constant_2_output_0']);
  });

  test('merged weights are split again, running statistics too', () => {
    const { model, notes } = prepareModel(read('cases/merged-weights.onnx'));
    const { parameters, statistics } = trainingForm(model);
    const names = parameters.map(({ name }) => name);
    for (const name of ['a.bn1.weight', 'a.bn2.bias', 'b.bn2.weight', 'n.weight', 'onnx::PRelu_57'])
      expect(names).toContain(name);
    expect(statistics.map(({ name }) => name)).toContain('b.bn1.running_mean');
    expect(statistics).toHaveLength(10);
    expect(notes.map(({ kind }) => kind)).toEqual(['weights-split']);
    expect(graphOf(model).node.some(({ opType }) => opType === 'Identity')).toBe(false);
  });

  test('a weight stays shared where that is asked; running statistics get apart all the same', () => {
    const { model, notes } = prepareModel(read('cases/merged-weights.onnx'), { keepShared: true });
    const { parameters, statistics } = trainingForm(model);
    expect(parameters.map(({ name }) => name)).not.toContain('a.bn2.weight');
    expect(statistics).toHaveLength(10);
    expect(notes.map(({ kind }) => kind)).toEqual(['weights-split', 'weights-shared']);
    expect(notes[0]!.text).toMatch(/^4 constants .* 14: running statistics/);
  });

  test('a shared weight names the layers that read it', () => {
    const { shared, trained } = inspectModel(read('cases/merged-weights.onnx'), { keepShared: true });
    expect(shared).toContainEqual({ name: 'onnx::PRelu_56', nodes: ['/a/p/PRelu', '/b/p/PRelu'] });
    expect(trained.find(({ name }) => name === 'onnx::PRelu_56')).toMatchObject({ layer: '/a/p/PRelu' });
  });

  test('training mode becomes inference, and trains', () => {
    const { model, notes } = prepareModel(read('cases/training-mode.onnx'));
    expect(notes.map(({ kind }) => kind)).toEqual(['statistics-of-running']);
    expect(trainingForm(model).statistics).toHaveLength(6);
  });

  test('an output is named where there are two', () => {
    const model = read('cases/two-outputs.onnx');
    expect(() => prepareModel(model)).toThrow(/'embedding' \[N, 16\], 'norm' \[N, 1\].*name the output/s);
    expect(prepareModel(model, { output: 'embedding' }).notes[0]).toMatchObject({ kind: 'output-chosen' });
  });
});
