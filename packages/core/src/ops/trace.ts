import { everyOperation, type OperationName } from './every-operation.ts';
import type { TensorOps } from './tensor-ops.ts';

/** One step of a traced formula: an input, a constant, or an operation on earlier steps. */
export type Node =
  | { readonly id: number; readonly op: 'input'; readonly name: string }
  | { readonly id: number; readonly op: 'constant'; readonly value: number }
  | { readonly id: number; readonly op: OperationName; readonly args: readonly Node[] };

/** A formula as a graph: what it reads, the steps that its outputs need in order, what it yields. */
export interface TracedFormula {
  readonly inputs: readonly string[];
  /** Only what the outputs depend on, each step once, operands before their use. */
  readonly steps: readonly Node[];
  readonly outputs: Readonly<Record<string, Node>>;
}

/**
 * Reads a formula into a graph. Equal steps are merged and unused ones dropped, so emitted source has one named
 * constant an operation (nested text would grow exponentially) and no dead code.
 *
 * @param inputs names of the formula's inputs, in the order of the emitted function's parameters.
 * @param formula receives the ops and one node an input, and returns the named outputs.
 */
export function traceFormula<Name extends string>(
  inputs: readonly Name[],
  formula: (
    ops: TensorOps<Node, Node>,
    inputs: Readonly<Record<Name, Node>>,
  ) => Readonly<Record<string, Node>>,
): TracedFormula {
  const known = new Map<string, Node>();
  const intern = (key: string, make: (id: number) => Node): Node => {
    const existing = known.get(key);
    if (existing !== undefined) return existing;
    const node = make(known.size);
    known.set(key, node);
    return node;
  };
  const operation =
    (op: OperationName) =>
    (...args: Node[]): Node =>
      intern(`${op}(${args.map((a) => a.id).join()})`, (id) => ({ id, op, args }));
  const constant = (value: number): Node =>
    intern(Object.is(value, -0) ? '-0' : String(value), (id) => ({ id, op: 'constant', value }));

  const ops: TensorOps<Node, Node> = { ...everyOperation(operation), constant };

  const inputNodes = {} as Record<Name, Node>;
  for (const name of inputs) inputNodes[name] = intern(`input ${name}`, (id) => ({ id, op: 'input', name }));
  const outputs = formula(ops, inputNodes);
  return { inputs, steps: reachable(Object.values(outputs)), outputs };
}

function reachable(outputs: readonly Node[]): Node[] {
  const found = new Map<number, Node>();
  const visit = (node: Node): void => {
    if (found.has(node.id)) return;
    found.set(node.id, node);
    if ('args' in node) node.args.forEach(visit);
  };
  outputs.forEach(visit);
  // Ids grow as steps are made, and operands are made before their use.
  return [...found.values()].sort((a, b) => a.id - b.id);
}
