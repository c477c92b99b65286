import { intAttribute } from '../../../model/attributes.ts';
import type { Node } from '../../../model/model.ts';
import type { BatchAxis } from '../batch-axis.ts';
import { keepRepeated, type Rewriting } from './rewriting.ts';

/** Initial states and lengths of all samples are the same. */
export function freeRecurrent(context: Rewriting, node: Node): void {
  const isBatchFirst = intAttribute(node, 'layout', 0) === 1;
  const batch = context.axisOf(node.input[0]!);
  const axis = isBatchFirst ? 0 : 1;
  if (batch?.axis !== axis) {
    context.lose(node);
    return;
  }
  const state = { ...batch, axis };
  const held = (name: string, i: number): BatchAxis | undefined => {
    if (name === '') return undefined;
    return i === 4 ? { ...batch, axis: 0 } : i === 5 || i === 6 ? state : undefined;
  };
  keepRepeated(context, node, held, [{ ...batch, axis: isBatchFirst ? 0 : 2 }, state, state]);
}
