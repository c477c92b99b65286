import { describe, expect, test } from 'vitest';
import { type ElementType, isFloat } from '../model/element-type.ts';
import { graphOf, type Shape } from '../model/model.ts';
import { ValueTable } from '../shapes/value-table.ts';
import { standardForm } from '../upgrade/standard-form.ts';
import { checkGradient } from './check-gradient.ts';
import { checkerAcceptsAll } from './checker-test.ts';
import type { GradientCase } from './gradient-case.ts';
import { casesIn, folderOf } from './gradient-cases.ts';
import { DECLARED, type Declared, nodeModel } from './node-model.ts';
import { isOlderThan } from './onnxruntime-version.ts';
import { openModel } from './run-model.ts';

/**
 * Tests of the cases beside a module: at each opset and with each degree of declared shapes, every gradient against
 * central differences; and the shape that is inferred against the one that comes out.
 *
 * @param moduleUrl `import.meta.url` of the test file
 */
export async function testGradientCases(moduleUrl: string): Promise<void> {
  for (const [file, cases] of await casesIn(folderOf(moduleUrl).url)) {
    describe(file.replace(/\.cases\.ts$/, ''), () => {
      for (const given of cases) {
        for (const opset of given.opsets ?? [17]) {
          const title = `${given.operator}-${opset}: ${given.name}`;
          const needs = given.since === undefined ? '' : ` (needs onnxruntime-node ${given.since})`;
          const testHere = test.skipIf(given.since !== undefined && isOlderThan(given.since));
          testHere(`${title}: shape${needs}`, () => checkShape(given, opset));
          testHere.each(given.declared ?? DECLARED)(`${title}: gradients, declared: %s${needs}`, (declared) =>
            checkCase(given, opset, declared),
          );
        }
      }
    });
  }
  checkerAcceptsAll();
}

function modelOf(given: GradientCase, opset: number, declared: Declared): ReturnType<typeof nodeModel> {
  return nodeModel({ ...given, opset, declared });
}

/** Name of the output that is differentiated. */
function ofName({ of = 0 }: GradientCase): string {
  return of === 0 ? 'y' : `y_${of}`;
}

async function checkCase(given: GradientCase, opset: number, declared: Declared): Promise<void> {
  const { inputs, step, tolerance } = given;
  const floats = Object.keys(inputs).filter((name) => isFloat(inputs[name]!.type as ElementType));
  await checkGradient({
    model: modelOf(given, opset, declared),
    of: ofName(given),
    wrt: given.wrt ?? floats,
    inputs,
    ...(step !== undefined && { step }),
    ...(tolerance !== undefined && { tolerance }),
  });
}

/** What shape inference says of every output is what comes out: with all sizes known, and with none. */
async function checkShape(given: GradientCase, opset: number): Promise<void> {
  const model = modelOf(given, opset, 'shapes');
  const session = await openModel(model);
  const outputs = await session.run(given.inputs);
  await session.release();
  const known = new ValueTable(standardForm(model));
  const isFollowed = (given.declared ?? DECLARED).includes('ranks');
  const ranks = isFollowed ? new ValueTable(standardForm(modelOf(given, opset, 'ranks'))) : known;
  for (const { name } of graphOf(model).output) {
    const { dims } = outputs[name]!;
    // A shape that an input of the model decides is known only when it runs.
    const isClear = (given.declared ?? DECLARED).includes('shapes');
    if (isClear) expect(known.shape(name), `inferred shape of ${name}`).toEqual(dims);
    expectKnown(ranks.shape(name), dims, name);
  }
}

function expectKnown(inferred: Shape | undefined, dims: readonly number[], name: string): void {
  if (inferred === undefined) return;
  expect(inferred.length, `inferred rank of ${name}`).toBe(dims.length);
  inferred.forEach((dim, axis) => {
    if (typeof dim === 'number') expect(dim, `inferred dimension ${axis} of ${name}`).toBe(dims[axis]);
  });
}
