import type { Node } from '../../../model/model.ts';
import type { Rewriting } from './rewriting.ts';

/** Copies of the whole batch lie one behind the other. */
export function freeTile(context: Rewriting, node: Node): void {
  const batch = context.axisOf(node.input[0]!);
  const repeats = node.input[1] ?? '';
  const count = context.integersOf(repeats)?.[batch?.axis ?? 0];
  const isKnown = count !== undefined && count > 0 && context.isConstantAt(repeats, batch?.axis ?? 0);
  if (batch === undefined || !isKnown) context.lose(node);
  else context.keep(node, [{ ...batch, outer: count * batch.outer }]);
}
