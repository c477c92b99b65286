import type { Attributes } from '../../../model/attributes.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const int = (value: number): { int: number } => ({ int: value });
const x = randomTensor('float32', [2, 4, 3, 2], 1, (u) => 4 * u - 2);

function scaled(
  operator: string,
  name: string,
  dims: { readonly scale: readonly number[]; readonly bias?: readonly number[] },
  rest: Partial<GradientCase> & { readonly attributes?: Attributes },
): GradientCase {
  const inputs = {
    x,
    scale: randomTensor('float32', dims.scale, 2),
    ...(dims.bias && { bias: randomTensor('float32', dims.bias, 3) }),
  };
  return { operator, name, inputs, ...rest };
}

/** Over one axis or several; what is written in other units than the numbers' own. */
function plain(operator: string, name: string, rest: Partial<GradientCase>): GradientCase {
  return { operator, name, inputs: { x }, ...rest };
}

export const cases: readonly GradientCase[] = [
  scaled(
    'LayerNormalization',
    'the last axis',
    { scale: [2], bias: [2] },
    {
      attributes: { epsilon: { float: 0.1 } },
    },
  ),
  scaled(
    'LayerNormalization',
    'from an axis on',
    { scale: [4, 3, 2], bias: [4, 3, 2] },
    {
      attributes: { axis: int(1), stash_type: int(1) },
    },
  ),
  scaled('LayerNormalization', 'no offset', { scale: [3, 2] }, { attributes: { axis: int(-2) } }),
  scaled(
    'RMSNormalization',
    'the last axes',
    { scale: [3, 2] },
    {
      attributes: { axis: int(-2), epsilon: { float: 0.1 } },
      opsets: [23],
    },
  ),
  scaled(
    'RMSNormalization',
    'a scale that is repeated',
    { scale: [1] },
    {
      attributes: { axis: int(1) },
      opsets: [23],
    },
  ),
  scaled('InstanceNormalization', 'a channel', { scale: [4], bias: [4] }, { opsets: [7, 22] }),
  scaled(
    'GroupNormalization',
    'a scale a group',
    { scale: [2], bias: [2] },
    {
      attributes: { num_groups: int(2) },
      opsets: [18],
    },
  ),
  scaled(
    'GroupNormalization',
    'a scale a channel',
    { scale: [4], bias: [4] },
    {
      attributes: { num_groups: int(2) },
      opsets: [21],
    },
  ),
  ...[1, 2].flatMap((p) => {
    const rest = {
      inputs: { x: randomTensor('float32', [2, 4, 3], 1, (u) => (u < 0.5 ? -0.3 - u : u + 0.2)) },
      attributes: { p: int(p), axis: int(1) },
    };
    return [
      plain('LpNormalization', `p = ${p}`, { ...rest, opsets: [7] }),
      plain('LpNormalization', `p = ${p}`, { ...rest, opsets: [22], since: '1.25.0' }),
    ];
  }),
  ...[1, 3, 5].map((size) =>
    plain('LRN', `${size} channels`, {
      attributes: { size: int(size), alpha: { float: 0.5 }, beta: { float: 0.6 }, bias: { float: 1.5 } },
      opsets: [7, 13],
    }),
  ),
  plain('MeanVarianceNormalization', 'a channel of the batch', { opsets: [9, 13] }),
  plain('MeanVarianceNormalization', 'axes', { attributes: { axes: { ints: [2, 3] } }, opsets: [13] }),
  ...['Softmax', 'LogSoftmax'].flatMap((operator) => [
    plain(operator, 'an axis', { attributes: { axis: int(1) }, opsets: [13] }),
    plain(operator, 'the last axis', { opsets: [13] }),
    plain(operator, 'all axes from one on', { opsets: [11] }),
  ]),
];
