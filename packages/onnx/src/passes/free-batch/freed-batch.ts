import { OnnxGraphError } from '../../errors.ts';
import { graphOf, type Model, type Node, nodeName } from '../../model/model.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import type { Note } from '../note.ts';
import { withBatch } from '../with-input-shape.ts';
import type { BatchAxis } from './batch-axis.ts';

/** What is expected of a freed model. */
export interface FreedSizes {
  readonly input: string;
  /** The batch of the file. */
  readonly k: number;
  /** Where the batch lies in values. */
  readonly axes: ReadonlyMap<string, BatchAxis>;
  /** Shapes at the batch of the file. */
  readonly expected: ValueTable;
}

/** The first node whose result has another size at another batch than the samples' places in it say. */
export function unlikeNode(model: Model, { input, k, axes, expected }: FreedSizes): Node | undefined {
  const other = 3 * k;
  const values = new ValueTable(withBatch(model, input, other));
  const isUnlike = (name: string): boolean => {
    const batch = axes.get(name);
    const [before, after] = [expected.shape(name), values.shape(name)];
    if (batch === undefined || before === undefined || after === undefined) return false;
    if (before.length !== after.length) return true;
    return before.some((dim, axis) => {
      const size = axis === batch.axis ? batch.outer * batch.factor * other : dim;
      return typeof size === 'number' && typeof after[axis] === 'number' && after[axis] !== size;
    });
  };
  return graphOf(model).node.find(({ output }) => output.some(isUnlike));
}

/** What was done. @param first the batch in the file @param changed names of nodes whose constants held it */
export function freedNote(first: number | string | undefined, changed: readonly string[]): Note {
  const names = changed.map((name) => `'${name}'`).join(', ');
  const rewritten = changed.length === 0 ? '' : `; constants that held it are rewritten in ${names}`;
  const text =
    typeof first === 'number'
      ? `The batch, fixed at ${first}, is free${rewritten}.`
      : `The batch is declared free but was not${rewritten}.`;
  return { kind: 'batch-freed', text, names: changed };
}

/** The error of a batch that can't be freed. @param first the batch in the file @param nodes that join samples */
export function batchRefusal(
  first: number | string | undefined,
  output: string,
  nodes: readonly Node[],
): OnnxGraphError {
  const [s, verb] = nodes.length > 1 ? ['s', 'do'] : ['', 'does'];
  const named = nodes.map((node) => `'${nodeName(node)}' (${node.opType})`).join(', ');
  const where = nodes.length === 0 ? `output '${output}'` : `node${s} ${named}`;
  const batch = typeof first === 'number' ? `fixed at ${first}` : 'declared free';
  return new OnnxGraphError(
    `a batch ${batch}, which ${where} ${verb} not keep apart`,
    'samples that are computed one by one, with the batch as the first axis of the output',
    'export the model with a dynamic first axis.',
  );
}
