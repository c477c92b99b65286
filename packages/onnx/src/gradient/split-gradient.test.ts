import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxGraphError } from '../errors.ts';
import { graphOf, type Model } from '../model/model.ts';
import { ValueTable } from '../shapes/value-table.ts';
import { checkerAcceptsAll } from '../testing/checker-test.ts';
import { checkModel } from '../testing/onnx-checker.ts';
import { randomTensor, scalar } from '../testing/random-tensor.ts';
import { openModel, type Values } from '../testing/run-model.ts';
import { gradient } from './gradient.ts';
import { bytesOf } from './split/saved-values.ts';
import { type SplitGradientOptions, splitGradient } from './split-gradient.ts';

type Layer =
  | 'Conv'
  | 'Depthwise'
  | 'BatchNormalization'
  | 'PRelu'
  | 'Relu'
  | 'Dropout'
  | 'Add'
  | 'Split'
  | 'MaxPool';
const LAYERS: readonly Layer[] = [
  'Conv',
  'Depthwise',
  'BatchNormalization',
  'PRelu',
  'Relu',
  'Dropout',
  'Add',
  'Split',
  'MaxPool',
];
const CHANNELS = 4;
const DIMS = [3, CHANNELS, 5, 5];

interface Net {
  readonly model: Model;
  readonly wrt: readonly string[];
}

/** Layers one after the other on [N, 4, 5, 5], then a fully connected layer. */
function net(layers: readonly Layer[], batch: number | string = 'N'): Net {
  const builder = new GraphBuilder();
  const wrt: string[] = [];
  let last = builder.input('x', 'float32', [batch, ...DIMS.slice(1)]);
  let earlier = last;
  const weight = (kind: string, dims: readonly number[], map?: (u: number) => number): string => {
    const name = builder.initializer(
      builder.uniqueName(kind),
      randomTensor('float32', dims, wrt.length + 1, map),
    );
    wrt.push(name);
    return name;
  };
  const batchNormalization = (x: string): string => {
    const constant = (number: number): string =>
      builder.constant({ type: 'float32', dims: [CHANNELS], data: new Float32Array(CHANNELS).fill(number) });
    const positive = (u: number): number => 0.5 + u;
    const inputs = [
      x,
      weight('gamma', [CHANNELS], positive),
      weight('beta', [CHANNELS]),
      constant(0),
      constant(1),
    ];
    const outputs = ['y', 'mean', 'variance'].map((name) => builder.uniqueName(`bn/${name}`));
    return builder.node('BatchNormalization', inputs, { training_mode: { int: 1 } }, { outputs })[0]!;
  };
  const LAYER: Readonly<Record<Layer, (x: string) => string>> = {
    Conv: (x) =>
      builder.op('Conv', [x, weight('w', [CHANNELS, CHANNELS, 3, 3]), weight('b', [CHANNELS])], {
        pads: { ints: [1, 1, 1, 1] },
      }),
    Depthwise: (x) =>
      builder.op('Conv', [x, weight('w', [CHANNELS, 1, 3, 3])], {
        group: { int: CHANNELS },
        pads: { ints: [1, 1, 1, 1] },
      }),
    BatchNormalization: batchNormalization,
    PRelu: (x) => builder.op('PRelu', [x, weight('slope', [CHANNELS, 1, 1])]),
    Relu: (x) => builder.op('Relu', [x]),
    Dropout: (x) => {
      const training = builder.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) });
      const ratio = builder.constant(scalar('float32', 0.3));
      return builder.op('Dropout', [x, ratio, training], { seed: { int: wrt.length + 5 } });
    },
    Add: (x) => builder.op('Add', [x, earlier]),
    Split: (x) => {
      const outputs = ['a', 'b'].map((name) => builder.uniqueName(`split/${name}`));
      const [a, b] = builder.node('Split', [x], { axis: { int: 1 } }, { outputs });
      return builder.op('Concat', [builder.op('Mul', [a!, b!]), builder.op('Sigmoid', [a!])], {
        axis: { int: 1 },
      });
    },
    MaxPool: (x) =>
      builder.op('MaxPool', [x], { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } }),
  };
  for (const layer of layers) [earlier, last] = [last, LAYER[layer](last)];
  const flat = builder.op('Flatten', [last]);
  builder.op('Gemm', [flat, weight('fc', [100, 3]), weight('fc/b', [3])], {}, { outputs: ['y'] });
  builder.output('y', 'float32', [batch, 3]);
  return { model: builder.build(), wrt };
}

/** Bits of the outputs of both models, run in turn. */
async function runBoth(
  { model, wrt }: Net,
  activations: NonNullable<SplitGradientOptions['activations']>,
  inputs: Values,
  isVerbatim: boolean = false,
): Promise<{ joint: Values; split: Values; saved: readonly string[] }> {
  const seed = randomTensor('float32', [inputs.x!.dims[0]!, 3], 77);
  const options = { of: 'y', wrt, seed: 'seed' };
  const whole = gradient(model, options);
  const parts = splitGradient(model, { ...options, activations });
  for (const part of [parts.forward, parts.backward]) checkModel(part);
  const models = [whole.model, parts.forward, parts.backward];
  const sessions = await Promise.all(models.map((part) => openModel(part, isVerbatim)));
  const [jointSession, forward, backward] = sessions;
  const joint = await jointSession!.run({ ...inputs, seed });
  const there = await forward!.run(inputs);
  const reads = new Set(graphOf(parts.backward).input.map(({ name }) => name));
  const given = Object.entries({ ...inputs, ...there, seed }).filter(([name]) => reads.has(name));
  const back = await backward!.run(Object.fromEntries(given));
  await Promise.all(sessions.map((session) => session.release()));
  return { joint, split: { y: there.y!, ...back }, saved: parts.saved };
}

describe.each(['saved', 'checkpointed'] as const)('activations %s', (activations) => {
  test('give the bits of the joint model, whatever the layers', async () => {
    const layers = fc.array(fc.constantFrom(...LAYERS), { minLength: 1, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(layers, fc.boolean(), async (chosen, isOpen) => {
        const inputs = { x: randomTensor('float32', DIMS, 3) };
        const { joint, split, saved } = await runBoth(
          net(chosen, isOpen ? 'N' : 3),
          activations,
          inputs,
          true,
        );
        expect(Object.keys(split).sort()).toEqual(Object.keys(joint).sort());
        for (const [name, value] of Object.entries(joint)) expect(split[name], name).toEqual(value);
        if (activations !== 'checkpointed' || chosen.includes('Dropout')) return;
        const { model, wrt } = net(chosen, isOpen ? 'N' : 3);
        const kept = splitGradient(model, { of: 'y', wrt, seed: 'seed' });
        const bytes = (names: readonly string[], values: ValueTable): number =>
          names.reduce((sum, name) => sum + bytesOf(values, name), 0);
        const few = splitGradient(model, { of: 'y', wrt, seed: 'seed', activations });
        expect(few.saved).toEqual(saved);
        expect(bytes(few.saved, new ValueTable(few.forward))).toBeLessThanOrEqual(
          bytes(kept.saved, new ValueTable(kept.forward)),
        );
      }),
      { numRuns: 25 },
    );
  });

  // onnxruntime may fuse a convolution with an addition in one of the models and not in the other; between
  // normalisations there is nothing to fuse. (It also takes a Dropout out, in training too, if nothing reads its mask.)
  test('give the bits of the joint model, when onnxruntime optimises all three', async () => {
    const block: readonly Layer[] = [
      'BatchNormalization',
      'Conv',
      'BatchNormalization',
      'PRelu',
      'Depthwise',
    ];
    const layers: readonly Layer[] = [...block, ...block, 'BatchNormalization', 'Add', 'Dropout'];
    const { joint, split } = await runBoth(net(layers), activations, { x: randomTensor('float32', DIMS, 3) });
    expect(split).toEqual(joint);
  });

  test('draw the mask of a Dropout without a seed once', async () => {
    const builder = new GraphBuilder();
    builder.input('x', 'float32', ['N', 3]);
    const on = builder.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) });
    const dropped = builder.op('Dropout', ['x', builder.constant(scalar('float32', 0.5)), on]);
    builder.op('Mul', [dropped, dropped], {}, { outputs: ['y'] });
    builder.output('y', 'float32', ['N', 3]);
    const options = { of: 'y', wrt: ['x'], seed: 'seed', activations };
    const { forward, backward, saved } = splitGradient(builder.build(), options);
    const readsX = graphOf(backward).input.some(({ name }) => name === 'x');
    const [there, back] = [await openModel(forward), await openModel(backward)];
    const x = randomTensor('float32', [50, 3], 1, (u) => 1 + u);
    for (let run = 0; run < 3; run++) {
      const values = await there.run({ x });
      const kept = Object.fromEntries(saved.map((name) => [name, values[name]!]));
      const seed = randomTensor('float32', [50, 3], 2, (u) => 1 + u);
      const gradients = await back.run({ ...kept, seed, ...(readsX && { x }) });
      const y = values.y!.data as Float32Array;
      // y = 4x² where kept: ∂x = seed · 8x.
      (gradients['grad/x']!.data as Float32Array).forEach((g, i) => {
        expect(g).toBeCloseTo(y[i] === 0 ? 0 : (seed.data[i] as number) * 8 * (x.data[i] as number), 4);
      });
    }
    await Promise.all([there.release(), back.release()]);
  });
});

/** What computes values. */
function operatorsOf(model: Model, names: readonly string[]): readonly string[] {
  return names.map((name) => graphOf(model).node.find(({ output }) => output.includes(name))!.opType);
}

describe('what is saved', () => {
  test('of convolution, normalisation, rectifier and convolution: the results of the first two', () => {
    const { model, wrt } = net([
      'Conv',
      'BatchNormalization',
      'PRelu',
      'Conv',
      'BatchNormalization',
      'PRelu',
    ]);
    const { forward, saved } = splitGradient(model, { of: 'y', wrt, seed: 'seed' });
    expect(operatorsOf(forward, saved)).toEqual(['Conv', 'BatchNormalization', 'Conv', 'BatchNormalization']);
  });

  test('of a rectifier alone: which elements passed, one byte each', () => {
    const builder = new GraphBuilder();
    builder.input('x', 'float32', ['N', 3]);
    const product = builder.op('MatMul', ['x', builder.initializer('w', randomTensor('float32', [3, 3], 1))]);
    builder.op('LeakyRelu', [product], {}, { outputs: ['y'] });
    builder.output('y', 'float32', ['N', 3]);
    const { forward, saved } = splitGradient(builder.build(), { of: 'y', wrt: ['w'], seed: 'seed' });
    expect(operatorsOf(forward, saved)).toEqual(['LessOrEqual']);
  });

  test('never inputs or initializers, nor what follows from them cheaply', () => {
    const builder = new GraphBuilder();
    builder.input('x', 'float32', ['N', 3]);
    const scaled = builder.op('Div', ['x', builder.constant(scalar('float32', 255))]);
    builder.op(
      'MatMul',
      [scaled, builder.initializer('w', randomTensor('float32', [3, 2], 1))],
      {},
      { outputs: ['y'] },
    );
    builder.output('y', 'float32', ['N', 2]);
    const { backward, saved } = splitGradient(builder.build(), { of: 'y', wrt: ['w'], seed: 'seed' });
    expect(saved).toEqual([]);
    expect(graphOf(backward).input.map(({ name }) => name)).toEqual(['seed', 'x']);
    expect(graphOf(backward).initializer.map(({ name }) => name)).not.toContain('w');
  });
});

test('weights may be inputs', async () => {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', ['N', 3]);
  builder.input('w', 'float32', [3, 3]);
  builder.op('MatMul', [builder.op('Tanh', [builder.op('MatMul', ['x', 'w'])]), 'w'], {}, { outputs: ['y'] });
  builder.output('y', 'float32', ['N', 3]);
  const inputs = { x: randomTensor('float32', [4, 3], 1), w: randomTensor('float32', [3, 3], 2) };
  const { joint, split } = await runBoth({ model: builder.build(), wrt: ['w', 'x'] }, 'saved', inputs);
  expect(split).toEqual(joint);
});

test('an output that the way back reads is handed over once', () => {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', ['N', 3]);
  builder.op('Exp', ['x'], {}, { outputs: ['y'] });
  builder.output('y', 'float32', ['N', 3]);
  const { forward, saved } = splitGradient(builder.build(), { of: 'y', wrt: ['x'], seed: 'seed' });
  expect(saved).toEqual(['y']);
  expect(graphOf(forward).output.map(({ name }) => name)).toEqual(['y']);
});

test('what an unknown operator computes from no input that is known must have its type declared', () => {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', ['N', 3]);
  const mystery = builder.op('Mystery', [], {}, { domain: 'org.example' });
  builder.op('Mul', ['x', mystery], {}, { outputs: ['y'] });
  builder.output('y', 'float32', ['N', 3]);
  const options = { of: 'y', wrt: ['x'], seed: 'seed' };
  expect(() => splitGradient(builder.build(), options)).toThrow(OnnxGraphError);
});

checkerAcceptsAll();
