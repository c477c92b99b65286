import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const channel = (seed: number): ReturnType<typeof randomTensor> =>
  randomTensor('float32', [3], seed, (u) => 0.5 + u);
const statistics = { scale: channel(2), offset: channel(3), mean: channel(4), variance: channel(5) };

export const cases: readonly GradientCase[] = [
  ...[
    [2, 3, 4, 2],
    [2, 3, 5],
    [4, 3],
  ].map((dims) => ({
    operator: 'BatchNormalization',
    name: `running statistics, ${dims.length} axes`,
    inputs: { x: randomTensor('float32', dims, 1), ...statistics },
    attributes: { epsilon: { float: 1e-3 } },
    opsets: [7, 9, 14, 15],
    step: 1 / 128,
  })),
  {
    operator: 'BatchNormalization',
    name: 'momentum and spatial, which change nothing',
    inputs: { x: randomTensor('float32', [2, 3, 2], 1), ...statistics },
    attributes: { epsilon: { float: 1e-3 }, momentum: { float: 0.5 }, spatial: { int: 1 } },
    opsets: [7, 8],
    step: 1 / 128,
  },
  ...[7, 10, 12, 13, 22].map((opset) => ({
    operator: 'Dropout',
    name: 'inference',
    inputs: { x: randomTensor('float32', [2, 3], 1) },
    attributes: opset < 12 ? { ratio: { float: 0.3 } } : {},
    opsets: [opset],
  })),
];
