import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { decodeModel } from '../model/codec.ts';
import { graphOf } from '../model/model.ts';
import { indices, randomTensor, scalar } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { foldConstants } from './fold-constants.ts';

function fileOf(name: string, file: string): string {
  return fileURLToPath(new URL(`../../../../../shared/onnx/${name}/${file}`, import.meta.url));
}

describe.skipIf(!existsSync(fileOf('vit', 'model.onnx')))('networks of other tools (needs ../shared)', () => {
  test.each(['vit', 'swin', 'activations'])('%s gives the same, from fewer nodes', async (name) => {
    const model = decodeModel(readFileSync(fileOf(name, 'model.onnx')));
    const { data } = JSON.parse(readFileSync(fileOf(name, 'case.json'), 'utf8')) as { data: number[] };
    const folded = foldConstants(model, (initializer) => /weight|bias/.test(initializer));
    expect(graphOf(folded).node.length).toBeLessThan(graphOf(model).node.length);
    const input = { data: randomTensor('float32', data, 1) };
    const [expected, got] = await Promise.all(
      [model, folded].map(async (one) => {
        const session = await openModel(one, true);
        const results = await session.run(input);
        await session.release();
        return results;
      }),
    );
    expect(got).toEqual(expected);
  });
});

test('what may change, and outputs, are not folded', () => {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', ['N', 3, 4]);
  builder.initializer('weight', scalar('float32', 2));
  builder.initializer('two', scalar('float32', 2));
  builder.op('Mul', ['weight', 'two'], {}, { outputs: ['trains'] });
  builder.op('Mul', ['two', 'two'], {}, { outputs: ['four'] });
  builder.op('Shape', ['x'], {}, { outputs: ['shape'] });
  builder.op(
    'Gather',
    ['shape', builder.constant(indices(1, 2))],
    { axis: { int: 0 } },
    { outputs: ['inner'] },
  );
  builder.op('Gather', ['shape', builder.constant(indices(0))], { axis: { int: 0 } }, { outputs: ['batch'] });
  builder.op('Add', ['trains', 'four'], {}, { outputs: ['y'] });
  builder.op('Identity', ['inner'], {}, { outputs: ['sizes'] });
  builder.output('y', 'float32');
  builder.output('sizes', 'int64');
  builder.output('batch', 'int64');
  const { node, initializer } = graphOf(foldConstants(builder.build(), (name) => name === 'weight'));
  const left = node.flatMap(({ output }) => output);
  expect(left).toEqual(['trains', 'shape', 'batch', 'y', 'sizes']);
  const constants = initializer.map(({ name }) => name);
  expect(constants).toEqual(expect.arrayContaining(['weight', 'two', 'four', 'inner']));
});
