import { type OptionNames, requireKnownOptions } from '@cf/core';
import { Refusals, type RefusedPlace } from '../../errors.ts';
import { sizeOf } from '../../model/dims.ts';
import { elementTypeOf } from '../../model/element-type.ts';
import {
  graphOf,
  inputsOf,
  isOperator,
  type Model,
  nodeName,
  type Shape,
  type ValueInfo,
} from '../../model/model.ts';
import { constantValue } from '../../model/node.ts';
import { opsetOf } from '../../model/opset.ts';
import { declaredShape, declaredType } from '../../model/value-info.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import { type ExpectedPixels, expectedPixels } from '../expected-pixels.ts';
import { GraphIndex } from '../graph-index.ts';
import type { Note } from '../note.ts';
import type { Parameter } from '../training-form/parameters.ts';
import { smallestBatch } from '../training-form/smallest-batch.ts';
import { attempted, type TrainabilityOptions, trainabilityOf } from '../training-form/trainability.ts';
import {
  type Frozen,
  frozenOf,
  readersOf,
  type SharedWeight,
  sharedOf,
} from '../training-form/what-trains.ts';
import { withBatch } from '../with-input-shape.ts';
import { multiplyAdds } from './layer-costs.ts';
import { type TrainingMemory, trainingMemory } from './training-memory.ts';

/** What to look at, and how it would train; the memory is told of its batch, 1 by default. */
export type InspectOptions = TrainabilityOptions;

/** An input or output of a file. */
export interface InspectedValue {
  readonly name: string;
  /** Element type, undefined where it is none of numbers. */
  readonly type: string | undefined;
  readonly shape: Shape | undefined;
}

/** A node that computes, with what it holds. */
export interface InspectedLayer {
  readonly name: string;
  readonly operator: string;
  readonly shape: Shape | undefined;
  /** Numbers in the initializers that it reads, trained or not. */
  readonly parameters: number;
  /** Multiply-adds of one sample; undefined where a shape is not known. */
  readonly multiplyAdds: number | undefined;
}

/** All that can be said of a file before it runs. */
export interface ModelInspection {
  readonly inputs: readonly InspectedValue[];
  readonly outputs: readonly InspectedValue[];
  readonly opset: number;
  readonly producer: string;
  /** The input and the output that were chosen; undefined where the file is refused before. */
  readonly input: string | undefined;
  readonly output: string | undefined;
  readonly layers: readonly InspectedLayer[];
  readonly totals: {
    readonly parameters: number;
    readonly trainedParameters: number;
    /** Of one sample; layers of unknown shape are left out. */
    readonly multiplyAdds: number;
  };
  /** Bytes of training at the batch. */
  readonly memory: TrainingMemory;
  readonly trained: readonly (Parameter & { readonly layer: string })[];
  readonly frozen: readonly Frozen[];
  readonly shared: readonly SharedWeight[];
  readonly notes: readonly Note[];
  /** All that stands in the way of training; none where the file can train. */
  readonly refusals: readonly InspectedRefusal[];
  readonly smallestBatch: number;
  readonly pixels: ExpectedPixels;
}

/** A reason why a file can't train. */
export interface InspectedRefusal {
  readonly text: string;
  /** The node, where it is one that is refused. */
  readonly place?: RefusedPlace;
}

const OPTIONS: OptionNames<InspectOptions> = {
  batch: true,
  input: true,
  output: true,
  keepShared: true,
  freezeUntil: true,
  freezeBn: true,
};

/**
 * Reads a model: what it takes and gives, its layers, what they cost, what trains, and all that stands in the way.
 * Nothing of what is found makes it throw: it is among the refusals.
 */
export function inspectModel(model: Model, options: InspectOptions = {}): ModelInspection {
  requireKnownOptions('inspectModel', options, OPTIONS);
  const { batch = 1 } = options;
  const graph = graphOf(model);
  const { prepared, form, split, refusals } = trainabilityOf(model, options);
  const { model: used, input } = prepared;
  // What fails where a file is refused follows from that; where it is not, it is a reason of its own.
  const beside = new Refusals();
  const attempt = <T>(work: () => T): T | undefined => attempted(beside, work);
  const opset = attempt(() => opsetOf(model)) ?? 0;
  const pixels = input === undefined ? undefined : attempt(() => expectedPixels(used, input));
  const layers = attempt(() => layersOf(used, input)) ?? [];
  const shared = form === undefined ? [] : sharedOf(graphOf(used), form.parameters);
  const trained = (form?.parameters ?? []).map((parameter) => ({
    ...parameter,
    layer: layerOf(used, parameter.name),
  }));
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
  const parameters = sum(graphOf(used).initializer.map(({ dims }) => sizeOf(dims.map(Number))));
  const trainedParameters = sum(trained.map(({ dims }) => sizeOf(dims)));
  return {
    inputs: inputsOf(graph).map(inspectedValue),
    outputs: graph.output.map(inspectedValue),
    opset,
    producer: [model.producerName, model.producerVersion].filter((text) => text !== '').join(' '),
    input,
    output: prepared.output,
    layers,
    totals: {
      parameters,
      trainedParameters,
      multiplyAdds: sum(layers.map((layer) => layer.multiplyAdds ?? 0)),
    },
    memory: trainingMemory({ form, split, input, batch, constants: parameters - trainedParameters }),
    trained,
    frozen: form === undefined ? [] : frozenOf(used, form, options),
    shared,
    notes: prepared.notes,
    refusals: told(refusals.others.length + refusals.places.length > 0 ? refusals : beside),
    smallestBatch: form === undefined ? 1 : smallestBatch(form),
    pixels: pixels ?? { kind: 'unknown' },
  };
}

function told(refusals: Refusals): readonly InspectedRefusal[] {
  const others = refusals.others.map(({ given, expected, fix }) => ({
    text: `${given}, expected ${expected}; ${fix.replace(/\.$/, '')}`,
  }));
  const places = refusals.places.map((place) => ({
    text: `node '${place.node}' (${place.operator}): expected ${place.expected}; ${place.fix}`,
    place,
  }));
  return [...others, ...places];
}

function layersOf(model: Model, input: string | undefined): readonly InspectedLayer[] {
  const graph = graphOf(model);
  const values = new ValueTable(input === undefined ? model : withBatch(model, input, 1));
  const index = new GraphIndex(graph);
  return graph.node
    .filter((node) => constantValue(node) === undefined && !isOperator(node, 'Identity'))
    .map((node) => {
      const held = [...new Set(node.input)].map((name) => index.constant(name));
      const parameters = held.reduce((total, tensor) => {
        const isFloat =
          tensor !== undefined && (elementTypeOf(tensor.dataType)?.startsWith('float') ?? false);
        return total + (isFloat ? sizeOf(tensor.dims.map(Number)) : 0);
      }, 0);
      return {
        name: nodeName(node),
        operator: node.opType,
        shape: values.shape(node.output[0] ?? ''),
        parameters,
        multiplyAdds: multiplyAdds(node, values),
      };
    });
}

/** The first node that reads a weight, or else the one that holds it. */
function layerOf(model: Model, name: string): string {
  const graph = graphOf(model);
  const holder = graph.node.find(({ output }) => output.includes(name));
  return readersOf(graph, name)[0] ?? (holder === undefined ? '' : nodeName(holder));
}

function inspectedValue(info: ValueInfo): InspectedValue {
  return { name: info.name, type: declaredType(info), shape: declaredShape(info) };
}
