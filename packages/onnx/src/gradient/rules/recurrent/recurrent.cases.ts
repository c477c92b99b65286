import type { Attributes } from '../../../model/attributes.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';
import type { Values } from '../../../testing/run-model.ts';

const [T, N, I, H] = [3, 2, 2, 3];
const NAMES = ['x', 'w', 'r', 'b', 'lengths', 'h', 'c', 'p'];
const TIGHT = { step: 1 / 64, tolerance: 3e-3 };

interface Form {
  readonly directions?: number;
  readonly leaveOut?: string;
  readonly lengths?: readonly number[];
  readonly isBatchFirst?: boolean;
}

/** Inputs of a layer, and the order in which it takes them. */
function layer(gates: number, form: Form = {}): Pick<GradientCase, 'inputs' | 'constants' | 'order' | 'wrt'> {
  const { directions = 1, leaveOut = '', lengths, isBatchFirst = false } = form;
  const state = isBatchFirst ? [N, directions, H] : [directions, N, H];
  const all: Values = {
    x: randomTensor('float32', isBatchFirst ? [N, T, I] : [T, N, I], 1),
    w: randomTensor('float32', [directions, gates * H, I], 2),
    r: randomTensor('float32', [directions, gates * H, H], 3),
    b: randomTensor('float32', [directions, 2 * gates * H], 4),
    h: randomTensor('float32', state, 5),
    ...(gates === 4 && {
      c: randomTensor('float32', state, 6),
      p: randomTensor('float32', [directions, 3 * H], 7),
    }),
  };
  const given = Object.entries(all).filter(([name]) => !leaveOut.includes(name));
  const inputs = Object.fromEntries(given);
  const constants: Values =
    lengths === undefined ? {} : { lengths: { type: 'int32', dims: [N], data: Int32Array.from(lengths) } };
  const isThere = (name: string): boolean => name in inputs || name in constants;
  const order = NAMES.slice(0, gates === 4 ? 8 : 6).map((name) => (isThere(name) ? name : ''));
  return { inputs, constants, order };
}

function variants(operator: string, gates: number, outputs: number): readonly GradientCase[] {
  const hidden_size = { int: H };
  const both: Attributes = { hidden_size, direction: { string: 'bidirectional' } };
  const base = { operator, outputs, ...TIGHT };
  return [
    {
      ...base,
      name: 'forward, all inputs',
      ...layer(gates),
      attributes: { hidden_size },
      opsets: [7, 14, 17, 22],
    },
    {
      ...base,
      name: 'without what may be left out',
      ...layer(gates, { leaveOut: 'bhcp' }),
      attributes: { hidden_size },
    },
    {
      ...base,
      name: 'reverse, sequences of different length',
      ...layer(gates, { lengths: [3, 1] }),
      attributes: { hidden_size, direction: { string: 'reverse' } },
    },
    {
      ...base,
      name: 'bidirectional, sequences of different length',
      ...layer(gates, { directions: 2, lengths: [2, 3] }),
      attributes: both,
    },
    { ...base, name: 'the last hidden state', of: 1, ...layer(gates, { directions: 2 }), attributes: both },
  ];
}

const relu: Attributes = { hidden_size: { int: H }, activations: { strings: ['Relu'] } };

export const cases: readonly GradientCase[] = [
  {
    operator: 'RNN',
    name: 'rectified',
    ...layer(1),
    attributes: relu,
    step: 1 / 1024,
    tolerance: 1e-2,
  },
  ...variants('RNN', 1, 2),
  ...variants('GRU', 3, 2),
  ...variants('LSTM', 4, 3),
  {
    operator: 'GRU',
    name: 'linear_before_reset, both directions',
    ...layer(3, { directions: 2, lengths: [3, 2] }),
    attributes: {
      hidden_size: { int: H },
      linear_before_reset: { int: 1 },
      direction: { string: 'bidirectional' },
    },
    ...TIGHT,
  },
  {
    operator: 'LSTM',
    name: 'the last state of the cell',
    ...layer(4, { lengths: [1, 3] }),
    attributes: { hidden_size: { int: H } },
    outputs: 3,
    of: 2,
    ...TIGHT,
  },
  {
    operator: 'LSTM',
    name: 'other activations',
    ...layer(4),
    attributes: { hidden_size: { int: H }, activations: { strings: ['Sigmoid', 'Sigmoid', 'Tanh'] } },
    ...TIGHT,
  },
];
