import { GraphBuilder } from '../../builder/graph-builder.ts';
import {
  graphOf,
  isOperator,
  isStandardDomain,
  type Model,
  type Node,
  nodeName,
  subgraphsOf,
  type ValueInfo,
} from '../../model/model.ts';
import { opsetOf } from '../../model/opset.ts';
import { createValueInfo, declaredShape, declaredType } from '../../model/value-info.ts';
import { withFields } from '../../model/with-fields.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import { GraphIndex } from '../graph-index.ts';
import type { Note } from '../note.ts';
import { withBatch } from '../with-input-shape.ts';
import { type BatchAxis, type Mixes, outputAxis } from './batch-axis.ts';
import { batchRefusal, freedNote, unlikeNode } from './freed-batch.ts';
import { isAlike } from './freed-nodes/alike.ts';
import { freeDropped, freeReduce, reducesAll } from './freed-nodes/dropped.ts';
import { REWRITES } from './freed-nodes/rewrites.ts';
import { fresh, int64, type Rewriting, repeated, sizes } from './freed-nodes/rewriting.ts';

/** The name of a batch that had none. */
const BATCH = 'N';
const FIRST: BatchAxis = { axis: 0, outer: 1, factor: 1 };

/** What is to be freed. */
export interface Batch {
  readonly input: string;
  readonly output: string;
  readonly first: number | string | undefined;
  /** Constants that are the same k times count as samples. */
  readonly repeats?: boolean;
}

/** Writes a model's nodes anew, for any batch. */
export class BatchFreeing {
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
  /** Values that the file computes without the axis of a batch of one. */
  readonly #dropped: Set<string> = new Set();
  readonly #index: GraphIndex;
  readonly #changed: string[] = [];
  readonly #context: Rewriting;
  #size: string | undefined;

  constructor(model: Model, batch: Batch) {
    this.#model = model;
    this.#batch = batch;
    this.#index = new GraphIndex(graphOf(model));
    const k = typeof batch.first === 'number' ? batch.first : 1;
    this.#k = k;
    this.#values = new ValueTable(withBatch(model, batch.input, k));
    const symbolic = withBatch(model, batch.input, BATCH);
    this.#symbolic = ValueTable.ofDeclarations(
      withFields(symbolic, { graph: withFields(graphOf(symbolic), { valueInfo: [] }) }),
    );
    this.#builder = GraphBuilder.rewrite(model);
    this.#axes = new Map([[batch.input, FIRST]]);
    this.#context = this.#rewriting();
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
    if (!isFree && isFixed) throw batchRefusal(first, output, this.#joining(output));
    if (!isFixed && this.#changed.length === 0) return { model: this.#model, notes: [] };
    const freed = this.#builder.build();
    const graph = graphOf(freed);
    const symbol = typeof first === 'string' ? first : BATCH;
    const declare = (each: ValueInfo): ValueInfo => this.#declared(each, symbol);
    const model = withFields(freed, {
      graph: withFields(graph, {
        input: graph.input.map(declare),
        output: graph.output.map(declare),
        // Sizes that follow the batch by what the graph computes are not as the file declares them.
        valueInfo: graph.valueInfo.filter(({ name }) => !this.#followsBeside(name)).map(declare),
      }),
    });
    const other = { input: this.#batch.input, k: this.#k, axes: this.#axes, expected: this.#values };
    const unlike = unlikeNode(model, other);
    if (unlike !== undefined) throw batchRefusal(first, output, [unlike]);
    return { model, notes: [freedNote(first, this.#changed)] };
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

  #followsBeside(name: string): boolean {
    const shape = this.#symbolic.shape(name);
    return !this.#axes.has(name) && !(shape?.every((dim) => typeof dim === 'number') ?? false);
  }

  #declared(info: ValueInfo, symbol: string): ValueInfo {
    const batch = this.#axes.get(info.name);
    const shape = this.#dropped.has(info.name) ? this.#values.shape(info.name) : declaredShape(info);
    const type = declaredType(info);
    if (batch === undefined || shape === undefined || type === undefined) return info;
    const free = batch.outer * batch.factor === 1 ? symbol : undefined;
    return createValueInfo(
      info.name,
      type,
      shape.map((dim, axis) => (axis === batch.axis ? free : dim)),
    );
  }

  #node(given: Node): void {
    const node = this.#batch.repeats === true ? this.#withRepeated(given) : given;
    if (isOperator(node, 'Expand') && node !== given) {
      this.#builder.add(node);
      return;
    }
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
    if (node.input.some((name) => this.#dropped.has(name))) freeDropped(this.#context, node);
    else if (reducesAll(this.#context, node))
      freeReduce(this.#context, node, this.#values.shape(node.input[0]!)!.length - 1);
    else if (Object.hasOwn(REWRITES, node.opType)) REWRITES[node.opType]!(this.#context, node);
    else this.#plain(node);
  }

  #rewriting(): Rewriting {
    return {
      axisOf: (name) => this.#axes.get(name),
      typeOf: (name) => this.#values.type(name),
      shapeOf: (name) => this.#values.shape(name)?.map((dim) => (typeof dim === 'number' ? dim : Number.NaN)),
      integersOf: (name) => this.#values.integers(name),
      isConstantAt: (name, i) => typeof this.#symbolic.elements(name)?.[i] === 'number',
      k: this.#k,
      follows: (name, axis) => {
        const dim = this.#symbolic.shape(name)?.[axis];
        return dim !== undefined && typeof dim !== 'number';
      },
      isAlike: (name, batch) => this.#isAlike(name, batch),
      outputAxis: (node) => this.#outputAxis(node),
      isDropped: (name) => this.#dropped.has(name),
      drop: (node) => {
        this.#context.keep(node, [FIRST]);
        for (const name of node.output.slice(0, 1)) {
          this.#dropped.add(name);
          this.#values.set(name, undefined, [1, ...(this.#values.shape(name) ?? [])]);
        }
      },
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
    };
  }

  #plain(node: Node): void {
    const axis = this.#outputAxis(node);
    if (axis === 'mixes') {
      this.#lose(node, node);
      return;
    }
    this.#context.keep(
      node,
      node.output.map(() => axis),
    );
  }

  #outputAxis(node: Node): BatchAxis | Mixes {
    return outputAxis(node, {
      axisOf: (name) => this.#axes.get(name),
      rankOf: (name) => this.#values.shape(name)?.length,
      values: this.#values,
      opset: opsetOf(this.#model),
    });
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
    if (axis < 0 || !this.#isAlike(x, { ...FIRST, axis })) return false;
    const index = int64(this.#context, 'batch/first', [0]);
    const first = fresh(this.#builder, 'Gather', [x, index], { axis: { int: axis } }, `first/${x}`);
    this.#builder.add(withFields(node, { input: [first, target] }));
    this.#changed.push(nodeName(node));
    return true;
  }

  /** Constants of k samples become ones of as many as there are, and so does an Expand to k. */
  #withRepeated(node: Node): Node {
    if (isOperator(node, 'Expand')) {
      const [x, target] = [node.input[0]!, node.input[1] ?? ''];
      const [from, to] = [this.#context.shapeOf(x), this.#values.integers(target)];
      const at = to?.findIndex((dim, i) => dim === this.#k && (from?.at(i - to.length) ?? 1) === 1) ?? -1;
      if (to === undefined || at < 0 || this.#axes.has(x) || !this.#context.isConstantAt(target, at))
        return node;
      this.#changed.push(nodeName(node));
      for (const name of node.output) this.#axes.set(name, { ...FIRST, axis: at });
      const parts = to.map((dim, i) => (i === at ? { ofBatch: 1 } : dim));
      return withFields(node, { input: [x, sizes(this.#context, 'batch/sizes', parts)] });
    }
    const input = node.input.map((name) => {
      const dims = this.#values.constant(name)?.dims ?? [];
      const isSamples = dims.length > 2 && dims[0] === this.#k && !this.#axes.has(name);
      const each = isSamples ? repeated(this.#context, name, FIRST) : undefined;
      if (each === undefined) return name;
      this.#values.set(each, this.#values.type(name), dims);
      this.#axes.set(each, FIRST);
      this.#changed.push(nodeName(node));
      return each;
    });
    return withFields(node, { input });
  }

  #isAlike(name: string, batch: BatchAxis): boolean {
    const producer = (value: string): Node | undefined => this.#index.producer(value);
    return isAlike({ values: this.#values, producer, k: this.#k }, name, batch);
  }

  /** N · factor, as a list of one. */
  #sizeOf(factor: number): string {
    const builder = this.#builder;
    const context = this.#context;
    if (this.#size === undefined) {
      const shape = fresh(builder, 'Shape', [this.#batch.input], {}, 'batch/shape');
      const zero = int64(context, 'batch/axis', [0]);
      this.#size = fresh(builder, 'Gather', [shape, zero], {}, 'batch/size');
    }
    return factor === 1
      ? this.#size
      : fresh(builder, 'Mul', [this.#size, int64(context, 'batch/factor', [factor])], {}, 'batch/size');
  }

  /** The nodes before an output in which the batch can't be told first. */
  #joining(output: string): readonly Node[] {
    const last = this.#index.producer(output);
    const before = this.#index.withAncestors(last === undefined ? [] : [last]);
    const lost = new Set(this.#lost.values());
    return graphOf(this.#model).node.filter((node) => lost.has(node) && before.has(node));
  }
}
