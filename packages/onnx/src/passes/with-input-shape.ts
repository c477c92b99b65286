import { graphOf, type Model, type Shape } from '../model/model.ts';
import { createValueInfo, declaredType } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';

/**
 * The model with an input of a known shape, in place of sizes that the file leaves open. What the file declares of values
 * in between is left out, since it follows from this.
 *
 * @param shape a name stands for a size that stays free
 */
export function withInputShape(model: Model, input: string, shape: Shape): Model {
  const graph = graphOf(model);
  const declared = graph.input.map((info) =>
    info.name === input ? createValueInfo(input, declaredType(info) ?? 'float32', shape) : info,
  );
  return withFields(model, { graph: withFields(graph, { input: declared, valueInfo: [] }) });
}
