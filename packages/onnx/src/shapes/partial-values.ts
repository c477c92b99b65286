import { sizeOf } from '../model/dims.ts';
import { isStandardDomain, type Node } from '../model/model.ts';
import { CALCULATIONS } from './elements/calculations.ts';
import type { Elements, ElementsRule, PartlyKnown } from './elements/elements.ts';
import { MOVES } from './elements/moves.ts';
import { SOURCES } from './elements/sources.ts';
import { TOTALS } from './elements/totals.ts';

/** More elements than this are not followed. */
export const PARTIAL_LIMIT = 4096;

const RULES: Readonly<Record<string, ElementsRule>> = { ...SOURCES, ...MOVES, ...CALCULATIONS, ...TOTALS };

/** Elements of a node's output as far as they follow; `undefined` if none does, or if they are too many. */
export function partialValue(node: Node, output: number, values: PartlyKnown): Elements | undefined {
  if (!isStandardDomain(node.domain) || !Object.hasOwn(RULES, node.opType)) return undefined;
  const dims = knownDims(values, node.output[output]!);
  if (dims === undefined) return undefined;
  const count = sizeOf(dims);
  if (!(count >= 0 && count <= PARTIAL_LIMIT)) return undefined;
  const elements = RULES[node.opType]!({
    node,
    output,
    dims,
    count,
    values,
    input: (i) => operand(node, values, i),
  });
  if (elements?.length !== count) return undefined;
  const checked = elements.map((element) =>
    typeof element === 'number' && Number.isNaN(element) ? undefined : element,
  );
  return count === 0 || checked.some((element) => element !== undefined) ? checked : undefined;
}

function operand(
  node: Node,
  values: PartlyKnown,
  index: number,
): { dims: readonly number[]; elements: Elements } | undefined {
  const name = node.input[index] ?? '';
  const [dims, elements] = [knownDims(values, name), values.elements(name)];
  return dims === undefined || elements?.length !== sizeOf(dims) ? undefined : { dims, elements };
}

function knownDims(values: PartlyKnown, name: string): readonly number[] | undefined {
  const shape = values.shape(name);
  return shape?.every((dim) => typeof dim === 'number' && dim >= 0)
    ? (shape as readonly number[])
    : undefined;
}
