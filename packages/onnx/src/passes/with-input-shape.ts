import { intAttribute } from '../model/attributes.ts';
import { ELEMENTS, type ElementType } from '../model/element-type.ts';
import { graphOf, isOperator, type Model, type Shape } from '../model/model.ts';
import { readValues } from '../model/read-values.ts';
import { createValueInfo, declaredShape, declaredType } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';

/**
 * The model with an input of a known shape, in place of sizes that the file leaves open. What the file declares of values
 * in between is left out, since it follows from this.
 *
 * @param shape a name stands for a size that stays free
 */
export function withInputShape(model: Model, input: string, shape: Shape): Model {
  const info = graphOf(model).input.find(({ name }) => name === input);
  return declaring(model, input, (info && declaredType(info)) ?? 'float32', shape);
}

/** The model with a fixed batch in its input. What it declares of other values is left out where it is no number. */
export function withBatch(model: Model, input: string, batch: number | string): Model {
  const graph = graphOf(model);
  const declared = graph.input.map((info) => {
    const shape = declaredShape(info);
    if (info.name !== input || shape === undefined || shape.length === 0) return info;
    return createValueInfo(info.name, declaredType(info) ?? 'float32', [batch, ...shape.slice(1)]);
  });
  const isFixed = (info: (typeof graph.output)[number]): boolean =>
    declaredShape(info)?.every((dim) => typeof dim === 'number') ?? false;
  return withFields(model, {
    graph: withFields(graph, {
      input: declared,
      valueInfo: graph.valueInfo.filter(isFixed),
      output: graph.output.map((info) =>
        isFixed(info) ? info : createValueInfo(info.name, declaredType(info) ?? 'float32'),
      ),
    }),
  });
}

/**
 * The model with an input of float32 in place of integers that it makes float32 of before anything else.
 *
 * @returns undefined where it does something else with them
 */
export function withFloatInput(model: Model, input: string): Model | undefined {
  const graph = graphOf(model);
  const info = graph.input.find(({ name }) => name === input);
  const readers = graph.node.filter((node) => [...readValues(node)].includes(input));
  const isCast = (node: (typeof readers)[number]): boolean =>
    isOperator(node, 'Cast') && intAttribute(node, 'to', 0) === ELEMENTS.float32.code;
  if (info === undefined || readers.length === 0 || !readers.every(isCast)) return undefined;
  return declaring(model, input, 'float32', declaredShape(info));
}

function declaring(model: Model, input: string, type: ElementType, shape: Shape | undefined): Model {
  const graph = graphOf(model);
  const declared = graph.input.map((info) =>
    info.name === input ? createValueInfo(input, type, shape) : info,
  );
  return withFields(model, { graph: withFields(graph, { input: declared, valueInfo: [] }) });
}
