import { UnsupportedOperatorError } from '../../errors.ts';
import { graphOf, type Node, nodeName, unsupported } from '../../model/model.ts';
import { readValues } from '../../model/read-values.ts';
import { readTensor, type TensorData } from '../../model/tensor.ts';
import { foldedWhereFixed } from '../../passes/folded-where-fixed.ts';
import { GraphIndex } from '../../passes/graph-index.ts';
import type { TrainingForm } from '../../passes/training-form/training-form.ts';
import { withInputShape } from '../../passes/with-input-shape.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import type { LayerRule, LayerUse } from './layer.ts';
import { layerRule } from './layer-rules.ts';
import { isTraining, normalizationWithRelu } from './layers/batch-normalization.ts';

/** What to do about a node that is not known here. */
export const GRAPHS = 'train it with the graphs of onnxruntime (cf train: --kernels onnxruntime).';

/** A node with the rule that writes it. */
export interface PlannedLayer {
  readonly node: Node;
  readonly rule: LayerRule;
  /** Name of what it gives: of the activation behind it, where both are one primitive. */
  readonly output: string;
}

/** A network in training as a list of layers, with all sizes that are known. */
export class Network {
  readonly form: TrainingForm;
  readonly values: ValueTable;
  readonly layers: readonly PlannedLayer[];
  readonly #index: GraphIndex;
  readonly #flow: ReadonlySet<string>;

  /**
   * @param shape of the input; a name stands for a size that stays open
   * @param fuses whether a normalisation may be one layer with the ReLU behind it
   * @throws UnsupportedOperatorError naming every node that is not known here
   */
  constructor(form: TrainingForm, input: string, shape: readonly (number | string)[], fuses: boolean = true) {
    this.form = form;
    const masked = form.masks.reduce(
      (sized, { name, sample }) => withInputShape(sized, name, [shape[0]!, ...sample]),
      form.model,
    );
    const model = foldedWhereFixed(withInputShape(masked, input, shape));
    const graph = graphOf(model);
    this.#index = new GraphIndex(graph);
    this.values = new ValueTable(model);
    const last = this.#index.producer(form.output);
    const live = this.#index.withAncestors(last === undefined ? [] : [last]);
    const nodes = graph.node.filter((node) => live.has(node) && node.opType !== 'Constant');
    this.#flow = flowing(nodes, new Set(form.parameters.map(({ name }) => name)));
    this.#requireKnown(nodes);
    this.layers = fuses
      ? fused(nodes, form.output)
      : nodes.map((node) => ({ node, rule: layerRule(node)!, output: node.output[0]! }));
  }

  /** @throws UnsupportedOperatorError where sizes do not follow from those of the batch */
  dims(node: Node, name: string): readonly number[] {
    const shape = this.values.shape(name);
    if (shape?.every((size) => typeof size === 'number')) return shape;
    throw unsupported(node, 'sizes that follow from those of the batch', GRAPHS);
  }

  /** Whether a gradient flows into a value. */
  flowsTo(name: string): boolean {
    return this.#flow.has(name);
  }

  /** The numbers of a constant. */
  constant(name: string): TensorData | undefined {
    const tensor = this.#index.constant(name);
    return tensor && readTensor(tensor);
  }

  #requireKnown(nodes: readonly Node[]): void {
    const places = nodes.flatMap((node) => {
      const rule = layerRule(node);
      const expected =
        rule === undefined ? 'a layer that oneDNN computes here' : rule.refusal?.(this.#use(node));
      return expected === undefined
        ? []
        : [{ node: nodeName(node), operator: node.opType, expected, fix: GRAPHS }];
    });
    if (places.length > 0) throw new UnsupportedOperatorError(places);
  }

  #use(node: Node): LayerUse {
    const name = (index: number): string => node.input[index] ?? '';
    const sizes = (index: number): readonly (number | undefined)[] | undefined =>
      this.values.shape(name(index))?.map((size) => (typeof size === 'number' ? size : undefined));
    return {
      node,
      sizes,
      rank: (index) => sizes(index)?.length,
      isConstant: (index) => this.#index.constant(name(index)) !== undefined,
      flowsTo: (index) => this.#flow.has(name(index)),
    };
  }
}

/** Values that depend on parameters. */
function flowing(nodes: readonly Node[], parameters: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set(parameters);
  for (const node of nodes)
    if (node.input.some((name) => found.has(name))) for (const name of node.output) found.add(name);
  return found;
}

/** Nodes as layers: a ReLU that alone reads a normalisation is one with it. */
function fused(nodes: readonly Node[], output: string): readonly PlannedLayer[] {
  const readers = new Map<string, Node[]>();
  for (const node of nodes)
    for (const name of readValues(node)) readers.set(name, [...(readers.get(name) ?? []), node]);
  const inside = new Set<Node>();
  return nodes.flatMap((node) => {
    if (inside.has(node)) return [];
    const [y] = node.output as [string];
    const [reader, ...others] = readers.get(y) ?? [];
    const isOne =
      node.opType === 'BatchNormalization' &&
      isTraining(node) &&
      reader?.opType === 'Relu' &&
      others.length === 0 &&
      y !== output;
    if (!isOne) return [{ node, rule: layerRule(node)!, output: y }];
    inside.add(reader);
    return [{ node, rule: normalizationWithRelu, output: reader.output[0]! }];
  });
}
