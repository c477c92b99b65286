import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import { createTensor, type TensorData } from '../../model/tensor.ts';
import { randomTensor } from '../../testing/random-tensor.ts';
import { isTableOfSines } from './table-of-sines.ts';
import { trainingForm } from './training-form.ts';

type Step = (net: GraphBuilder, x: string) => string;

/** [N, 5, 6] → a layer → the step → a layer. */
function decided(step: Step): { trains: readonly string[]; stays: Readonly<Record<string, string>> } {
  const net = new GraphBuilder();
  const first = net.initializer('first', randomTensor('float32', [6, 6], 1));
  const x = step(net, net.op('MatMul', [net.input('data', 'float32', ['N', 5, 6]), first]));
  net.op(
    'MatMul',
    [x, net.initializer('last', randomTensor('float32', [6, 4], 2))],
    {},
    {
      outputs: ['embedding'],
    },
  );
  net.output('embedding', 'float32', ['N', 5, 4]);
  const { parameters, frozen } = trainingForm(net.build());
  return {
    trains: parameters.map(({ name }) => name).filter((name) => name !== 'first' && name !== 'last'),
    stays: Object.fromEntries(frozen.map(({ name, why }) => [name, why])),
  };
}

const numbers = (dims: readonly number[], at: (...place: number[]) => number): TensorData => {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const placeOf = (i: number): number[] => {
    let rest = i;
    return dims.map((_, axis) => {
      const below = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
      const place = Math.floor(rest / below);
      rest %= below;
      return place;
    });
  };
  return { type: 'float32', dims, data: Float32Array.from({ length: size }, (_, i) => at(...placeOf(i))) };
};
/** Of Vaswani et al.: sines and cosines in turn. */
const positions = (dims: readonly number[], width: number): TensorData =>
  numbers(dims, (...place) => {
    const [t, i] = place.slice(-2) as [number, number];
    const angle = t / 10000 ** ((2 * Math.floor(i / 2)) / width);
    return i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });

describe('constants that no layer holds', () => {
  const add =
    (tensor: TensorData, operator: string = 'Add'): Step =>
    (net, x) =>
      net.op(operator, [x, net.initializer('c', tensor)]);

  test.each<[string, Step]>([
    ['a position embedding', add(randomTensor('float32', [1, 5, 6], 3))],
    ['a position embedding of zeros at first', add(numbers([1, 5, 6], () => 0))],
    [
      'the scale of a layer, of ones at first',
      add(
        numbers([6], () => 1),
        'Mul',
      ),
    ],
    ['a maximum with a vector', add(randomTensor('float32', [6], 3), 'Max')],
    ['numbers near to minus hundred', add(numbers([5, 6], (t, i) => -t * i * 5))],
  ])('%s trains', (_, step) => {
    expect(decided(step)).toEqual({ trains: ['c'], stays: {} });
  });

  test.each<[string, RegExp, Step]>([
    ['a mask of large numbers', /mask/, add(numbers([5, 6], (t, i) => (i > t ? -10000 : 0)))],
    ['a mask of infinities', /mask/, add(numbers([5, 6], (t, i) => (i > t ? -Infinity : 0.5 * i)))],
    [
      'a mask that is cut first',
      /mask/,
      (net, x) => {
        const list = (...of: number[]): string =>
          net.constant({ type: 'int64', dims: [of.length], data: BigInt64Array.from(of, BigInt) });
        const mask = net.initializer(
          'c',
          numbers([9, 6], (t, i) => (i > t ? -1e9 : 0)),
        );
        return net.op('Add', [x, net.op('Slice', [mask, list(0), list(5), list(0)])]);
      },
    ],
    ['sines of positions', /sines/, add(positions([1, 5, 6], 6))],
    [
      'the root of two, under a name of a layer',
      /formula/,
      add(
        numbers([], () => Math.SQRT2),
        'Div',
      ),
    ],
    [
      'a bound',
      /bound/,
      add(
        numbers([], () => 0.25),
        'Max',
      ),
    ],
  ])('%s stays', (_, why, step) => {
    const { trains, stays } = decided(step);
    expect(trains).toEqual([]);
    expect(stays.c).toMatch(why);
  });

  test.each([
    ['in Constant nodes of the exporter', '/n/Constant_output_0', false, []],
    ['under names of a layer', 'n.weight', false, ['n.weight', 'n.weight/offset']],
    ['in initializers', 'scale', true, ['scale', 'scale/offset']],
  ])('the 1 and 0 of a normalisation %s', (_, name, isInitializer, trains) => {
    const constant = (net: GraphBuilder, tensor: TensorData, as: string): string =>
      isInitializer
        ? net.initializer(as, tensor)
        : net.op('Constant', [], { value: { tensor } }, { outputs: [as] });
    const found = decided((net, x) => {
      const scale = constant(
        net,
        numbers([5], () => 1),
        name,
      );
      const offset = constant(
        net,
        numbers([5], () => 0),
        `${name}/offset`.replace('e_0/', 'e_1/'),
      );
      const statistics = ['mean', 'variance'].map((each, i) =>
        net.initializer(
          each,
          numbers([5], () => i),
        ),
      );
      return net.op('BatchNormalization', [x, scale, offset, ...statistics]);
    });
    expect(found.trains).toEqual(trains);
  });
});

test.each<[string, boolean, TensorData]>([
  ['of interleaved sines and cosines', true, positions([1, 50, 8], 8)],
  ['of late positions', true, positions([2000, 4], 512)],
  [
    'of cosines alone, as rotary embeddings have',
    true,
    numbers([1, 1, 16, 4], (_, __, t, i) => Math.cos(t / 10 ** i)),
  ],
  ['with positions last', true, numbers([4, 16], (i, t) => Math.sin(t / 3 ** i + i))],
  ['of random numbers', false, randomTensor('float32', [16, 8], 1)],
  ['of zeros', false, numbers([16, 8], () => 0)],
  ['of ones', false, numbers([16, 8], () => 1)],
  ['of a ramp', false, numbers([16, 8], (t, i) => t * i)],
  ['of small numbers', false, randomTensor('float32', [16, 8], 1, (u) => u / 1e4)],
  ['of one row', false, numbers([1, 16], (_, i) => Math.sin(i))],
  ['of kernels of edges', false, numbers([8, 3, 3], (_, i, j) => (i - 1) * (j - 1))],
])('a table %s is one of sines: %s', (_, isOfSines, tensor) => {
  expect(isTableOfSines(createTensor('table', tensor))).toBe(isOfSines);
});
