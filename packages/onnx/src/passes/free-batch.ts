import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxGraphError } from '../errors.ts';
import { type Attributes, intAttribute, intsAttribute } from '../model/attributes.ts';
import {
  graphOf,
  isOperator,
  isStandardDomain,
  type Model,
  type Node,
  nodeName,
  subgraphsOf,
  type ValueInfo,
} from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { opsetOf } from '../model/opset.ts';
import { createValueInfo, declaredShape, declaredType } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import { ValueTable } from '../shapes/value-table.ts';
import { type BatchAxis, outputAxis } from './batch-axis.ts';
import { withBatch } from './layer-costs.ts';
import type { Note } from './note.ts';

/** The name of a batch that had none. */
const BATCH = 'N';

/**
 * The model with a free first axis of its input: constants that hold the batch (in Reshape, Expand, Resize, beside a
 * class token, in initial states) take it from the input.
 *
 * @throws OnnxGraphError naming the node at which samples are joined, where the file fixes the batch
 */
export function freeBatch(
  model: Model,
  input: string,
  output: string,
): { readonly model: Model; readonly notes: readonly Note[] } {
  const info = graphOf(model).input.find(({ name }) => name === input)!;
  const first = declaredShape(info)?.[0];
  if (declaredShape(info) === undefined) return { model, notes: [] };
  const work = new BatchFreeing(model, { input, output, first });
  return work.run();
}

interface Batch {
  readonly input: string;
  readonly output: string;
  readonly first: number | string | undefined;
}

class BatchFreeing {
  readonly #model: Model;
  readonly #batch: Batch;
  readonly #builder: GraphBuilder;
  readonly #values: ValueTable;
  /** Values by the batch's symbol: what is a number here holds no batch. */
  readonly #symbolic: ValueTable;
  readonly #k: number;
  readonly #axes: Map<string, BatchAxis>;
  /** Values computed from the data in which the batch can't be told. */
  readonly #lost: Map<string, Node> = new Map();
  readonly #changed: string[] = [];
  #size: string | undefined;

  constructor(model: Model, batch: Batch) {
    this.#model = model;
    this.#batch = batch;
    const k = typeof batch.first === 'number' ? batch.first : 1;
    this.#k = k;
    this.#values = new ValueTable(withBatch(model, batch.input, k));
    const symbolic = withBatch(model, batch.input, BATCH);
    this.#symbolic = new ValueTable(
      withFields(symbolic, { graph: withFields(graphOf(symbolic), { node: [] }) }),
    );
    this.#builder = GraphBuilder.rewrite(model);
    this.#axes = new Map([[batch.input, { axis: 0, outer: 1, factor: 1 }]]);
  }

  run(): { readonly model: Model; readonly notes: readonly Note[] } {
    const { first, output } = this.#batch;
    const isFixed = typeof first === 'number';
    for (const node of graphOf(this.#model).node) {
      this.#node(node);
      this.#follow(node);
    }
    const end = this.#axes.get(output);
    const isFree = end?.axis === 0 && end.outer * end.factor === 1;
    if (!isFree && isFixed) throw this.#refusal(this.#lost.get(output), output);
    if (!isFixed && this.#changed.length === 0) return { model: this.#model, notes: [] };
    const freed = this.#builder.build();
    const graph = graphOf(freed);
    const symbol = typeof first === 'string' ? first : BATCH;
    const declare = (each: ValueInfo): ValueInfo => this.#declared(each, symbol);
    const model = withFields(freed, {
      graph: withFields(graph, {
        input: graph.input.map(declare),
        output: graph.output.map(declare),
        valueInfo: graph.valueInfo.map(declare),
      }),
    });
    const rewritten =
      this.#changed.length === 0
        ? ''
        : `; constants that held it are rewritten in ${this.#changed.map((name) => `'${name}'`).join(', ')}`;
    const text = isFixed
      ? `The batch, fixed at ${first}, is free${rewritten}.`
      : `The batch is declared free but was not${rewritten}.`;
    return { model, notes: [{ kind: 'batch-freed', text, names: this.#changed }] };
  }

  /** What the batch's symbol makes of a node's outputs, once constants that held it do so no more. */
  #follow(node: Node): void {
    this.#symbolic.add(node);
    for (const name of node.output) {
      const batch = this.#axes.get(name);
      const shape = this.#values.shape(name);
      if (batch === undefined || shape === undefined) continue;
      const free = batch.outer * batch.factor === 1 ? BATCH : undefined;
      this.#symbolic.set(
        name,
        undefined,
        shape.map((dim, axis) => (axis === batch.axis ? free : dim)),
      );
    }
  }

  #declared(info: ValueInfo, symbol: string): ValueInfo {
    const batch = this.#axes.get(info.name);
    const [shape, type] = [declaredShape(info), declaredType(info)];
    if (batch === undefined || shape === undefined || type === undefined) return info;
    const free = batch.outer * batch.factor === 1 ? symbol : undefined;
    return createValueInfo(
      info.name,
      type,
      shape.map((dim, axis) => (axis === batch.axis ? free : dim)),
    );
  }

  #node(node: Node): void {
    if (isOperator(node, 'Expand') && this.#repeatsSamples(node)) return;
    const lost = node.input.map((name) => this.#lost.get(name)).find((by) => by !== undefined);
    const isData = node.input.some((name) => this.#axes.has(name));
    if (isOperator(node, 'Shape') || isOperator(node, 'Size') || (!isData && lost === undefined)) {
      this.#builder.add(node);
      return;
    }
    if (lost !== undefined) {
      this.#lose(node, lost);
      return;
    }
    if (!isStandardDomain(node.domain) || subgraphsOf(node).length > 0) {
      this.#lose(node, node);
      return;
    }
    const rewrite = REWRITES[node.opType];
    if (rewrite === undefined) {
      this.#plain(node);
      return;
    }
    rewrite(this.#context, node);
  }

  get #context(): Rewriting {
    return {
      axisOf: (name) => this.#axes.get(name),
      shapeOf: (name) => this.#values.shape(name)?.map((dim) => (typeof dim === 'number' ? dim : Number.NaN)),
      integersOf: (name) => this.#values.integers(name),
      isConstantAt: (name, i) => typeof this.#symbolic.elements(name)?.[i] === 'number',
      k: this.#k,
      isAlike: (name, axis) => this.#isAlike(name, axis),
      size: (factor) => this.#sizeOf(factor),
      builder: this.#builder,
      opset: opsetOf(this.#model),
      keep: (node, axes) => {
        this.#builder.add(node);
        node.output.forEach((name, i) => {
          const axis = axes[i] ?? axes[0];
          if (name !== '' && axis !== undefined) this.#axes.set(name, axis);
        });
      },
      changed: (node) => this.#changed.push(nodeName(node)),
      lose: (node) => this.#lose(node, node),
      plain: (node) => this.#plain(node),
    };
  }

  #plain(node: Node): void {
    const axis = outputAxis(node, {
      axisOf: (name) => this.#axes.get(name),
      rankOf: (name) => this.#values.shape(name)?.length,
      values: this.#values,
    });
    if (axis === 'mixes') {
      this.#lose(node, node);
      return;
    }
    this.#context.keep(
      node,
      node.output.map(() => axis),
    );
  }

  #lose(node: Node, by: Node): void {
    this.#builder.add(node);
    for (const name of node.output) if (name !== '') this.#lost.set(name, by);
  }

  /** A constant of k equal samples that a size from the graph repeats: its first sample stands for all. */
  #repeatsSamples(node: Node): boolean {
    const [x, target] = [node.input[0]!, node.input[1] ?? ''];
    const tensor = this.#k > 1 ? this.#values.constant(x) : undefined;
    const sizes = this.#values.integers(target);
    if (tensor === undefined || sizes?.length !== tensor.dims.length) return false;
    const axis = tensor.dims.findIndex(
      (dim, i) => dim === this.#k && sizes[i] === dim && !this.#context.isConstantAt(target, i),
    );
    if (axis < 0 || !this.#isAlike(x, axis)) return false;
    const index = int64(this.#context, 'batch/first', [0]);
    const first = fresh(this.#builder, 'Gather', [x, index], { axis: { int: axis } }, `first/${x}`);
    this.#builder.add(withFields(node, { input: [first, target] }));
    this.#changed.push(nodeName(node));
    return true;
  }

  #isAlike(name: string, axis: number): boolean {
    const tensor = this.#values.constant(name);
    if (tensor === undefined) return true;
    const [size, after] = [tensor.dims[axis]!, product(tensor.dims.slice(axis + 1))];
    const data = Array.from(tensor.data as Float32Array, Number);
    return data.every((x, i) => x === data[i - after * (Math.floor(i / after) % size)]);
  }

  /** N · factor, as a list of one. */
  #sizeOf(factor: number): string {
    const builder = this.#builder;
    const list = (hint: string, value: number): string =>
      builder.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(BigInt(value)) }, hint);
    if (this.#size === undefined) {
      const shape = fresh(builder, 'Shape', [this.#batch.input], {}, 'batch/shape');
      const zero = list('batch/axis', 0);
      this.#size = fresh(builder, 'Gather', [shape, zero], {}, 'batch/size');
    }
    return factor === 1
      ? this.#size
      : fresh(builder, 'Mul', [this.#size, list('batch/factor', factor)], {}, 'batch/size');
  }

  #refusal(node: Node | undefined, output: string): OnnxGraphError {
    const where = node === undefined ? `output '${output}'` : `node '${nodeName(node)}' (${node.opType})`;
    return new OnnxGraphError(
      `a batch fixed at ${this.#batch.first}, which ${where} does not keep apart`,
      'samples that are computed one by one, with the batch as the first axis of the output',
      'export the model with a dynamic first axis.',
    );
  }
}

/** What rewrites read and write. */
interface Rewriting {
  readonly axisOf: (name: string) => BatchAxis | undefined;
  readonly shapeOf: (name: string) => readonly number[] | undefined;
  readonly integersOf: (name: string) => readonly number[] | undefined;
  /** Whether an element of a shape is a number that does not follow the batch. */
  readonly isConstantAt: (name: string, i: number) => boolean;
  /** The batch of the file; 1 where it has none. */
  readonly k: number;
  /** Whether a value has the same numbers all along an axis, as far as it is a constant. */
  readonly isAlike: (name: string, axis: number) => boolean;
  readonly size: (factor: number) => string;
  readonly builder: GraphBuilder;
  readonly opset: number;
  readonly keep: (node: Node, axes: readonly (BatchAxis | undefined)[]) => void;
  readonly changed: (node: Node) => void;
  readonly lose: (node: Node) => void;
  readonly plain: (node: Node) => void;
}

type Rewrite = (context: Rewriting, node: Node) => void;

const REWRITES: Readonly<Record<string, Rewrite>> = {
  Reshape: freeReshape,
  Squeeze: freeSqueeze,
  Expand: freeExpand,
  Concat: freeConcat,
  Resize: freeResize,
  LSTM: freeRecurrent,
  GRU: freeRecurrent,
  RNN: freeRecurrent,
};

/** A node that the file did not have, under a name of its own. */
function fresh(
  builder: GraphBuilder,
  operator: string,
  inputs: readonly string[],
  attributes: Attributes,
  hint: string,
): string {
  const name = builder.uniqueName(hint);
  return builder.op(operator, inputs, attributes, { name: `free/${name}`, outputs: [name] });
}

function product(dims: readonly number[]): number {
  return dims.reduce((n, dim) => n * dim, 1);
}

function int64(context: Rewriting, hint: string, values: readonly number[]): string {
  const data = BigInt64Array.from(values, (value) => BigInt(value));
  return context.builder.constant({ type: 'int64', dims: [values.length], data }, hint);
}

function freeReshape(context: Rewriting, node: Node): void {
  const [x, target] = [node.input[0]!, node.input[1] ?? ''];
  const batch = context.axisOf(x);
  const from = context.shapeOf(x);
  const to = context.shapeOf(node.output[0]!);
  if (batch === undefined) {
    context.lose(node);
    return;
  }
  if (from === undefined || to === undefined || ![...from, ...to].every(Number.isFinite)) {
    // Sizes that are open; what begins with the batch goes on with it.
    const literal = context.integersOf(target);
    const isFirst = batch.axis === 0 && (literal === undefined || literal[0]! <= 0);
    if (isFirst) context.keep(node, [batch]);
    else context.lose(node);
    return;
  }
  const after = axisAfter(batch, from, to);
  if (after === undefined) {
    context.lose(node);
    return;
  }
  const { axis } = after;
  const literal = context.integersOf(target)?.[axis];
  const isCopied = literal === 0 && axis === batch.axis && intAttribute(node, 'allowzero', 0) === 0;
  if (isCopied || literal === -1 || !context.isConstantAt(target, axis)) {
    context.keep(node, [after]);
    return;
  }
  const shape = to.map((dim, i) => (i === axis ? -1 : dim));
  const input = [x, int64(context, `free/${target}`, shape)];
  context.changed(node);
  context.keep(withFields(node, { input }), [after]);
}

/**
 * Where the batch lies after a Reshape: as many elements lie before it as did. Between two axes it goes to the one that
 * is the batch alone; else to the second, but not to the last one, that of features.
 */
function axisAfter(batch: BatchAxis, from: readonly number[], to: readonly number[]): BatchAxis | undefined {
  const size = from[batch.axis]! / (batch.factor * batch.outer);
  const before = product(from.slice(0, batch.axis)) * batch.outer;
  const found = to.flatMap((dim, axis) => {
    const outer = before / product(to.slice(0, axis));
    const factor = dim / (outer * size);
    return Number.isInteger(outer) && Number.isInteger(factor) ? [{ axis, outer, factor }] : [];
  });
  const alone = found.find(({ outer, factor }) => outer * factor === 1);
  const outermost = found.find(({ axis, outer }) => outer === 1 && (axis === 0 || axis < to.length - 1));
  return alone ?? outermost ?? found[0];
}

/** Without axes, those of size 1 go, and a batch of one with them: the axes are written out. */
function freeSqueeze(context: Rewriting, node: Node): void {
  const x = node.input[0]!;
  const [batch, shape] = [context.axisOf(x), context.shapeOf(x)];
  if (batch === undefined || shape === undefined) {
    context.lose(node);
    return;
  }
  const given = intsAttribute(node, 'axes') ?? context.integersOf(node.input[1] ?? '');
  const axes =
    given?.map((axis) => (axis < 0 ? axis + shape.length : axis)) ??
    shape.flatMap((dim, axis) => (dim === 1 && axis !== batch.axis ? [axis] : []));
  if (axes.includes(batch.axis)) {
    context.lose(node);
    return;
  }
  const after = { ...batch, axis: batch.axis - axes.filter((axis) => axis < batch.axis).length };
  if (given !== undefined || shape[batch.axis] !== 1) {
    context.keep(node, [after]);
    return;
  }
  context.changed(node);
  const name = nodeName(node);
  if (context.opset >= 13) {
    const input = [x, int64(context, `axes/${name}`, axes)];
    context.keep(withFields(node, { input }), [after]);
    return;
  }
  context.keep(createNode(name, 'Squeeze', [x], node.output, { axes: { ints: axes } }), [after]);
}

/** A size of 1 in the target keeps what is there. */
function freeExpand(context: Rewriting, node: Node): void {
  const [x, target] = [node.input[0]!, node.input[1] ?? ''];
  const batch = context.axisOf(x);
  const [from, to] = [context.shapeOf(x), context.integersOf(target)];
  if (batch === undefined || from === undefined) {
    context.lose(node);
    return;
  }
  const rank = Math.max(from.length, context.shapeOf(node.output[0]!)?.length ?? from.length);
  const after = { ...batch, axis: rank - from.length + batch.axis };
  const at = to === undefined ? -1 : after.axis - (rank - to.length);
  if (to === undefined || at < 0 || to[at] === 1 || !context.isConstantAt(target, at)) {
    context.keep(node, [after]);
    return;
  }
  if (to[at] !== from[batch.axis]) {
    context.lose(node);
    return;
  }
  const input = [
    x,
    int64(
      context,
      `free/${target}`,
      to.map((dim, i) => (i === at ? 1 : dim)),
    ),
  ];
  context.changed(node);
  context.keep(withFields(node, { input }), [after]);
}

/** What does not depend on the sample is repeated for each. */
function freeConcat(context: Rewriting, node: Node): void {
  const name = node.input.find((each) => context.axisOf(each) !== undefined)!;
  const batch = context.axisOf(name)!;
  const shape = context.shapeOf(name);
  const rank = shape?.length ?? context.shapeOf(node.output[0]!)?.length;
  const own = intAttribute(node, 'axis', 0);
  const axis = own < 0 ? own + (rank ?? 0) : own;
  const axes = node.input.map((each) => context.axisOf(each)).filter((each) => each !== undefined);
  const isApart = axes.every(
    (each) => each.axis === batch.axis && each.factor === batch.factor && each.outer === 1,
  );
  if (axis === batch.axis || !isApart || rank === undefined) {
    context.lose(node);
    return;
  }
  let isChanged = false;
  const input = node.input.map((each) => {
    if (context.axisOf(each) !== undefined) return each;
    const dims = context.shapeOf(each);
    // A value computed from the sizes of the data may have its batch already.
    if (dims?.[batch.axis] !== shape?.[batch.axis] || !isFixed(context, each)) return each;
    if (!context.isAlike(each, batch.axis)) return each;
    isChanged = true;
    return repeated(context, each, { ...batch, rank });
  });
  if (isChanged) context.changed(node);
  context.keep(withFields(node, { input }), [batch]);
}

/** Whether a value comes of constants alone, as far as its size is a number. */
function isFixed(context: Rewriting, name: string): boolean {
  return context.shapeOf(name)?.every(Number.isFinite) ?? false;
}

function repeated(
  context: Rewriting,
  value: string,
  { axis, factor, rank }: BatchAxis & { readonly rank: number },
): string {
  const ones = (count: number): string[] =>
    count === 0 ? [] : [int64(context, 'batch/ones', new Array<number>(count).fill(1))];
  const { builder } = context;
  const parts = [...ones(axis), context.size(factor), ...ones(rank - axis - 1)];
  const shape =
    parts.length === 1 ? parts[0]! : fresh(builder, 'Concat', parts, { axis: { int: 0 } }, 'batch/sizes');
  const isOne = context.shapeOf(value)?.[axis] === 1;
  const first = isOne
    ? value
    : fresh(
        builder,
        'Gather',
        [value, int64(context, 'batch/first', [0])],
        { axis: { int: axis } },
        `first/${value}`,
      );
  return fresh(builder, 'Expand', [first, shape], {}, `each/${value}`);
}

function freeResize(context: Rewriting, node: Node): void {
  const sizes = node.input[3] ?? '';
  const batch = context.axisOf(node.input[0]!);
  const to = context.integersOf(sizes);
  if (batch === undefined) {
    context.lose(node);
    return;
  }
  const isAll = intsAttribute(node, 'axes') === undefined;
  if (sizes === '' || to === undefined || !context.isConstantAt(sizes, batch.axis) || !isAll) {
    context.plain(node);
    return;
  }
  if (to[batch.axis] !== context.shapeOf(node.input[0]!)?.[batch.axis]) {
    context.lose(node);
    return;
  }
  const before = to.slice(0, batch.axis);
  const rest = to.slice(batch.axis + 1);
  const parts = [
    ...(before.length > 0 ? [int64(context, 'sizes/before', before)] : []),
    context.size(batch.factor),
    ...(rest.length > 0 ? [int64(context, 'sizes/after', rest)] : []),
  ];
  const free = fresh(context.builder, 'Concat', parts, { axis: { int: 0 } }, 'batch/sizes');
  context.changed(node);
  context.keep(withFields(node, { input: [...node.input.slice(0, 3), free] }), [batch]);
}

/** Initial states of all samples are the same. */
function freeRecurrent(context: Rewriting, node: Node): void {
  const isBatchFirst = intAttribute(node, 'layout', 0) === 1;
  const batch = context.axisOf(node.input[0]!);
  if (batch?.axis !== (isBatchFirst ? 0 : 1)) {
    context.lose(node);
    return;
  }
  const axis = isBatchFirst ? 0 : 1;
  const size = context.k * batch.factor;
  let isChanged = false;
  const input = node.input.map((each, i) => {
    const isState = (i === 5 || i === 6) && each !== '';
    if (!isState || context.axisOf(each) !== undefined || context.shapeOf(each)?.[axis] !== size) return each;
    isChanged = true;
    return repeated(context, each, { ...batch, axis, rank: 3 });
  });
  if (isChanged) context.changed(node);
  const state = { ...batch, axis };
  context.keep(withFields(node, { input }), [{ ...batch, axis: isBatchFirst ? 0 : 2 }, state, state]);
}
