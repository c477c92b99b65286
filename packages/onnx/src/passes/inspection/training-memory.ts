import { runOrder } from '../../gradient/split/run-order.ts';
import type { SplitGradient } from '../../gradient/split-gradient.ts';
import { ELEMENTS } from '../../model/element-type.ts';
import { graphOf, type Model } from '../../model/model.ts';
import { readValues } from '../../model/read-values.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import { backwardValues, type FormedPasses, forwardValues } from '../training-form/forward-values.ts';
import type { TrainingForm } from '../training-form/training-form.ts';
import { knownSize } from './layer-costs.ts';

/**
 * Bytes that training holds, as far as shapes are known: a lower bound. On top come gaps in the runtime's memory, which
 * grows by powers of two, and the columns of convolutions.
 */
export interface TrainingMemory {
  readonly batch: number;
  /** Weights, their next values and running statistics in two sets, and constants. */
  readonly weightBytes: number;
  readonly gradientBytes: number;
  /** One number a weight, in two sets: momentum. Adam has twice as much. */
  readonly optimiserBytes: number;
  /** What the way forward keeps of one sample for the way back. */
  readonly activationBytesPerSample: number;
  /** The same of the batch. */
  readonly savedBytes: number;
  /** What the runtime holds beside: the most at once of either way. */
  readonly workBytes: number;
  readonly totalBytes: number;
}

/** What training is planned. */
export interface MemoryPlan {
  readonly form: TrainingForm | undefined;
  readonly split: SplitGradient | undefined;
  readonly input: string | undefined;
  readonly batch: number;
  /** Numbers in initializers that do not train. */
  readonly constants: number;
}

/** The memory of a training; that of the weights alone where it can't be had. */
export function trainingMemory({ form, split, input, batch, constants }: MemoryPlan): TrainingMemory {
  const trained = sum((form?.parameters ?? []).map(({ dims }) => knownSize(dims) ?? 0));
  const moving = sum((form?.statistics ?? []).map(({ dims }) => knownSize(dims) ?? 0));
  const weightBytes = 4 * (2 * trained + moving + constants);
  const [gradientBytes, optimiserBytes] = [4 * trained, form === undefined ? 0 : 8 * trained];
  const passes = form !== undefined && split !== undefined && input !== undefined;
  const { saved, work } = passes ? passesAt({ form, split, input }, batch) : { saved: 0, work: 0 };
  return {
    batch,
    weightBytes,
    gradientBytes,
    optimiserBytes,
    activationBytesPerSample: saved / batch,
    savedBytes: saved,
    workBytes: work,
    totalBytes: weightBytes + gradientBytes + optimiserBytes + saved + work,
  };
}

function passesAt(passes: FormedPasses, batch: number): { saved: number; work: number } {
  const { form, split, input } = passes;
  const declared = ValueTable.ofDeclarations(split.forward).shape(input);
  const forward = forwardValues(passes, declared === undefined ? [batch] : [batch, ...declared.slice(1)]);
  const held = [input, ...form.masks.map(({ name }) => name), ...split.saved];
  return {
    saved: sum([...new Set(held)].map((name) => bytesOf(forward, name))),
    work: mostAtOnce(split.forward, forward) + mostAtOnce(split.backward, backwardValues(passes, forward)),
  };
}

/** The most bytes of values that wait for a node to read them as a runtime runs them, but for inputs and outputs. */
export function mostAtOnce(model: Model, values: ValueTable): number {
  const graph = graphOf(model);
  const order = runOrder(graph);
  const last = new Map<string, number>();
  order.forEach((node, i) => {
    for (const name of readValues(node)) last.set(name, i);
  });
  const kept = new Set([...graph.input, ...graph.output, ...graph.initializer].map(({ name }) => name));
  const ends = new Map<number, number>();
  let [held, most] = [0, 0];
  order.forEach((node, i) => {
    for (const name of node.output) {
      const end = last.get(name);
      if (name === '' || kept.has(name) || end === undefined || node.opType === 'Constant') continue;
      const bytes = bytesOf(values, name);
      held += bytes;
      ends.set(end, (ends.get(end) ?? 0) + bytes);
    }
    most = Math.max(most, held);
    held -= ends.get(i) ?? 0;
  });
  return most;
}

function bytesOf(values: ValueTable, name: string): number {
  const [type, size] = [values.type(name), knownSize(values.shape(name))];
  return size === undefined ? 0 : size * ELEMENTS[type ?? 'float32'].bytes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
