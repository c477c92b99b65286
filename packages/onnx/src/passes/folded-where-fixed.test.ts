import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { graphOf, type Model } from '../model/model.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { prepareModel } from './prepare-model.ts';
import { trainingForm } from './training-form/training-form.ts';

const integers = (net: GraphBuilder, ...numbers: readonly number[]): string =>
  net.constant({ type: 'int64', dims: [numbers.length], data: BigInt64Array.from(numbers, BigInt) });

/** Weights in all that hands them on or computes with them; a mask and a size that the graph makes of sizes. */
function network(): Model {
  const net = new GraphBuilder();
  const weight = (name: string, dims: readonly number[]): string =>
    net.initializer(
      name,
      randomTensor('float32', dims, dims[0]!, (u) => u + 0.25),
    );
  let x = net.input('data', 'float32', ['N', 2, 6]);
  const norm = net.op('ReduceL2', [weight('direction', [6, 4])], { axes: { ints: [0] } });
  x = net.op('MatMul', [x, net.op('Mul', [net.op('Div', ['direction', norm]), weight('norm', [1, 4])])]);
  x = net.op('MatMul', [x, net.op('Transpose', [weight('turned', [5, 4])])]);
  x = net.op('MatMul', [x, net.op('Reshape', [weight('flat', [20]), integers(net, 5, 4)])]);
  x = net.op('MatMul', [x, net.op('Identity', [weight('same', [4, 4])])]);
  x = net.op('Mul', [x, net.op('Exp', [weight('logarithm', [1])])]);
  const size = net.op('Gather', [net.op('Shape', [x]), integers(net, 1)]);
  const ones = net.op('ConstantOfShape', [size], {
    value: { tensor: { type: 'float32', dims: [1], data: Float32Array.of(0.5) } },
  });
  x = net.op('Mul', [x, net.op('Unsqueeze', [ones, integers(net, 1)])]);
  const rows = net.op('Concat', [integers(net, -1), net.op('Mul', [size, integers(net, 4)])], {
    axis: { int: 0 },
  });
  // A whole number that follows from a weight moves with it.
  const moves = net.op('Cast', [net.op('Mul', ['logarithm', 'logarithm'])], { to: { int: 7 } });
  x = net.op('Mul', [x, net.op('Cast', [net.op('Equal', [moves, moves])], { to: { int: 1 } })]);
  net.op('Reshape', [x, rows], {}, { outputs: ['embedding'] });
  net.output('embedding', 'float32', ['N', 8]);
  return net.build();
}

test('sizes are folded, and no computation of a weight', async () => {
  const model = network();
  const { model: prepared } = prepareModel(model);
  const operators = (of: Model): readonly string[] => graphOf(of).node.map(({ opType }) => opType);
  const gone = ['Shape', 'Gather', 'Concat'];
  expect(operators(model)).toEqual(expect.arrayContaining(gone));
  for (const operator of gone) expect(operators(prepared)).not.toContain(operator);
  const stays = ['Equal', 'ReduceL2', 'Div', 'Transpose', 'Identity', 'Exp', 'ConstantOfShape'];
  expect(operators(prepared)).toEqual(expect.arrayContaining(stays));
  const trained = trainingForm(prepared).parameters.map(({ name }) => name);
  expect(trained.sort()).toEqual(['direction', 'flat', 'logarithm', 'norm', 'same', 'turned']);
  expect(trained).toEqual(
    trainingForm(model)
      .parameters.map(({ name }) => name)
      .sort(),
  );
  const data = randomTensor('float32', [3, 2, 6], 1);
  const [before, after] = [await openModel(model), await openModel(prepared)];
  expect(await after.run({ data })).toEqual(await before.run({ data }));
  await Promise.all([before.release(), after.release()]);
});

test('what a freed file declares of sizes that follow the batch is not believed', async () => {
  const net = new GraphBuilder();
  const x = net.input('data', 'float32', [1, 3]);
  const shape = net.op('Shape', [x]);
  const ones = net.op('ConstantOfShape', [shape], {}, { outputs: ['zeros'] });
  const size = net.op('Gather', [net.op('Shape', [ones]), integers(net, 0)], {}, { outputs: ['count'] });
  const each = net.op('Expand', [net.initializer('w', randomTensor('float32', [1, 3], 1)), shape]);
  const sum = net.op('Add', [x, each]);
  const rows = net.op('Concat', [size, integers(net, 3)], { axis: { int: 0 } });
  net.op(
    'Reshape',
    [net.op('MatMul', [sum, net.initializer('m', randomTensor('float32', [3, 3], 2))]), rows],
    {},
    {
      outputs: ['embedding'],
    },
  );
  net.output('embedding', 'float32', [1, 3]);
  const model = net.build();
  const declared = new GraphBuilder();
  declared.input('zeros', 'float32', [1, 3]);
  const { valueInfo } = graphOf(model);
  valueInfo.push(...graphOf(declared.build()).input);
  const { model: prepared } = prepareModel(model);
  const session = await openModel(prepared);
  const { embedding } = await session.run({ data: randomTensor('float32', [4, 3], 1) });
  await session.release();
  expect(embedding!.dims).toEqual([4, 3]);
});
