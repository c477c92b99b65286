import { intAttribute } from '../model/attributes.ts';
import { type Graph, graphOf, isOperator, type Model, type Node, nodeName } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { readTensor } from '../model/tensor.ts';
import { withFields } from '../model/with-fields.ts';
import { GraphIndex } from './graph-index.ts';
import type { Note } from './note.ts';

/**
 * The graph as it computes in inference: normalisations take their running statistics, and dropout keeps everything,
 * whatever mode the file was exported in.
 */
export function inferenceForm(graph: Graph): { readonly graph: Graph; readonly notes: readonly Note[] } {
  const index = new GraphIndex(graph);
  const normalisations = graph.node.filter(isTrainingNormalisation);
  const dropouts = graph.node.filter((node) => isTrainingDropout(index, node));
  const node = graph.node.flatMap((each) => {
    if (normalisations.includes(each)) return inferenceNormalisation(each);
    if (!dropouts.includes(each)) return [each];
    return [withFields(each, { input: each.input.slice(0, 2) })];
  });
  const notes: Note[] = [];
  if (normalisations.length > 0)
    notes.push({
      kind: 'statistics-of-running',
      text: `${normalisations.length} normalisations exported in training mode use their running statistics.`,
      names: normalisations.map(nodeName),
    });
  if (dropouts.length > 0)
    notes.push({
      kind: 'dropout-off',
      text: `${dropouts.length} dropouts exported in training mode keep everything in inference.`,
      names: dropouts.map(nodeName),
    });
  return { graph: notes.length === 0 ? graph : withFields(graph, { node }), notes };
}

/** A model as it computes in inference. */
export function modelInInferenceForm(model: Model): Model {
  const graph = graphOf(model);
  const inference = inferenceForm(graph);
  return inference.graph === graph ? model : withFields(model, { graph: inference.graph });
}

/** Before opset 14, more than one output says that a normalisation is in training. */
function isTrainingNormalisation(node: Node): boolean {
  if (!isOperator(node, 'BatchNormalization')) return false;
  return intAttribute(node, 'training_mode', 0) !== 0 || node.output.slice(1).some((name) => name !== '');
}

function isTrainingDropout(index: GraphIndex, node: Node): boolean {
  const mode = isOperator(node, 'Dropout') ? index.constant(node.input[2] ?? '') : undefined;
  return mode !== undefined && Number(readTensor(mode).data[0]) !== 0;
}

/** The next statistics are the running ones, for whoever reads them. */
function inferenceNormalisation(node: Node): readonly Node[] {
  const attribute = node.attribute.filter(({ name }) => name !== 'training_mode');
  const kept = node.output.slice(1, 3).flatMap((name, i) => {
    if (name === '') return [];
    return [createNode(`${nodeName(node)}/statistic_${i}`, 'Identity', [node.input[3 + i]!], [name])];
  });
  return [withFields(node, { attribute, output: node.output.slice(0, 1) }), ...kept];
}
