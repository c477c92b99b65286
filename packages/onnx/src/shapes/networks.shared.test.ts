import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../model/codec.ts';
import { type Dimension, graphOf, type Model } from '../model/model.ts';
import { createValueInfo } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { ValueTable } from './value-table.ts';

const NAMES = ['vit', 'vit-folded', 'swin', 'convnext', 'ecapa', 'activations'];

function fileOf(name: string, file: string): string {
  return fileURLToPath(new URL(`../../../../../shared/onnx/${name}/${file}`, import.meta.url));
}

/** The model with every value as an output, but for those that a caller cannot read. */
function withAllValues(model: Model, values: ValueTable): Model {
  const graph = graphOf(model);
  const given = new Set(graph.output.map(({ name }) => name));
  const more = graph.node
    .flatMap(({ output }) => output)
    .filter((name) => name !== '' && !given.has(name))
    .map((name) => createValueInfo(name, values.type(name) ?? 'float32'));
  return withFields(model, { graph: withFields(graph, { output: [...graph.output, ...more] }) });
}

/** A dimension with a size in the place of the batch. */
function sizeOfDimension(dim: Dimension, batch: number): unknown {
  return typeof dim === 'string' ? new Function('N', 'floor', `return ${dim}`)(batch, Math.floor) : dim;
}

describe.skipIf(!existsSync(fileOf('vit', 'model.onnx')))('networks of other tools (needs ../shared)', () => {
  test.each(NAMES)('%s: every value has the inferred shape, type and elements', async (name) => {
    const model = decodeModel(readFileSync(fileOf(name, 'model.onnx')));
    const { data } = JSON.parse(readFileSync(fileOf(name, 'case.json'), 'utf8')) as { data: number[] };
    const values = new ValueTable(model);
    const session = await openModel(withAllValues(model, values), true);
    for (const batch of [2, 3]) {
      const dims = [batch, ...data.slice(1)];
      const results = await session.run({ data: randomTensor('float32', dims, 1) });
      for (const [value, result] of Object.entries(results)) {
        const shape = values.shape(value)?.map((dim) => sizeOfDimension(dim, batch));
        expect(shape, `shape of ${value}`).toEqual(result.dims);
        expect(values.type(value), `type of ${value}`).toBe(result.type);
        for (const [i, element] of (values.elements(value) ?? []).entries()) {
          if (element === undefined) continue;
          const known = sizeOfDimension(element, batch);
          expect(known, `element ${i} of ${value}`).toBeCloseTo(Number(result.data[i]), 5);
        }
      }
    }
    await session.release();
  });
});
