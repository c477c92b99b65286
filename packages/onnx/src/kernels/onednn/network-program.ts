import type { Communicator } from '@cf/core';
import { type Node, unsupported } from '../../model/model.ts';
import type { OneDnnApi } from './api.ts';
import type { BatchStatistics, Layer } from './layer.ts';
import { GRAPHS, type Network, type PlannedLayer } from './network.ts';
import type { Program } from './program.ts';
import { ProgramWriter } from './program-writer.ts';
import type { Value } from './storage.ts';

/** Statistics of a batch, and the running ones that they move. */
export interface MovedStatistics extends BatchStatistics {
  readonly node: PlannedLayer['node'];
}

/** A network for one size of batch, there and back. */
export interface NetworkProgram {
  readonly program: Program;
  /** Position where the way back begins, and where it ends. */
  readonly middle: number;
  readonly end: number;
  /** Inputs of the form that it reads, in memory of the caller's. */
  readonly inputs: ReadonlyMap<string, Value>;
  /** Constants that it reads, in memory that must stay. */
  readonly constants: readonly { readonly value: Value; readonly data: Float32Array }[];
  readonly output: Value;
  /** The gradient of the output, in memory of the caller's. */
  readonly seed: Value;
  /** Where gradients of parameters go, in memory of the caller's. */
  readonly gradients: ReadonlyMap<string, Value>;
  /** From which position on each of these is there, in their order. */
  readonly delivered: readonly { readonly name: string; readonly position: number }[];
  readonly statistics: readonly MovedStatistics[];
}

/**
 * Writes a network, layer by layer, and then the way back in the opposite order.
 *
 * @param keepsAll whether normalised and activated values are kept for the way back, or computed again there
 * @param ranks over whose pictures together statistics of the batch are taken
 */
export function networkProgram(
  api: OneDnnApi,
  network: Network,
  keepsAll: boolean = true,
  ranks?: Communicator,
): NetworkProgram {
  return written(api, network, { keepsAll, ranks }).finish();
}

/** Bytes that such a program computes in, without making it. */
export function networkBytes(
  api: OneDnnApi,
  network: Network,
  keepsAll: boolean,
  ranks?: Communicator,
): number {
  return written(api, network, { keepsAll, ranks }).bytes();
}

interface Writing {
  readonly keepsAll: boolean;
  readonly ranks: Communicator | undefined;
}

function written(api: OneDnnApi, network: Network, how: Writing): NetworkProgramWriter {
  const writer = new NetworkProgramWriter(api, network, how);
  for (const layer of network.layers) writer.forward(layer);
  return writer;
}

class NetworkProgramWriter {
  readonly #program: ProgramWriter;
  readonly #network: Network;
  readonly #ranks: Communicator | undefined;
  readonly #values: Map<string, Value> = new Map();
  readonly #inputs: Map<string, Value> = new Map();
  readonly #constants: { readonly value: Value; readonly data: Float32Array }[] = [];
  readonly #statistics: MovedStatistics[] = [];
  /** Gradients that flow into a value, to be added up. */
  readonly #flowing: Map<string, Value[]> = new Map();
  /** How many layers read a parameter. */
  readonly #uses: Map<string, number> = new Map();
  readonly #gradients: Map<string, Value> = new Map();
  readonly #delivered: { readonly name: string; readonly position: number }[] = [];
  readonly #parameters: ReadonlySet<string>;
  readonly #backward: (() => void)[] = [];

  constructor(api: OneDnnApi, network: Network, { keepsAll, ranks }: Writing) {
    this.#program = new ProgramWriter(api, keepsAll);
    this.#network = network;
    this.#ranks = ranks;
    for (const { node } of network.layers)
      for (const name of node.input) this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
    this.#parameters = new Set(network.form.parameters.map(({ name }) => name));
  }

  forward({ node, rule, output }: PlannedLayer): void {
    const network = this.#network;
    const name = (index: number): string => node.input[index] ?? '';
    const flowsTo = (index: number): boolean => network.flowsTo(name(index));
    const layer: Layer = {
      api: this.#program.api,
      program: this.#program,
      node,
      ranks: this.#ranks,
      dims: (index) => network.dims(node, name(index)),
      outputDims: network.dims(node, output),
      has: (index) => name(index) !== '',
      input: (index) => this.#value(node, name(index)),
      constant: (index) => network.constant(name(index)),
      fixed: (dims, data) => this.#fixed(dims, data),
      flowsTo,
      dimsOfOutput: (index) => network.dims(node, node.output[index]!),
      output: (value, index = 0) => this.#values.set(index === 0 ? output : node.output[index]!, value),
      onBackward: (write) => {
        if (!network.flowsTo(node.output[0]!)) return;
        this.#backward.push(() => {
          const all = [output, ...node.output.slice(1)].map((of) => this.#gradientOf(of));
          if (all.some((gradient) => gradient !== undefined)) write(all[0]!, all);
        });
      },
      gradient: (index, value) => {
        if (flowsTo(index)) this.#take(name(index), this.#sized(value, network.dims(node, name(index))));
      },
      refused: (expected) => unsupported(node, expected, GRAPHS),
      statistics: (of) => this.#statistics.push({ ...of, node }),
    };
    rule.write(layer);
  }

  bytes(): number {
    this.#back();
    return this.#program.bytes();
  }

  finish(): NetworkProgram {
    const parts = this.#back();
    return { ...parts, program: this.#program.finish() };
  }

  /** The way back, behind the way forward. */
  #back(): Omit<NetworkProgram, 'program'> {
    const program = this.#program;
    const { form } = this.#network;
    const y = this.#values.get(form.output)!;
    const output = program.external(y.dims);
    program.copy(y, output);
    const middle = program.position;
    // The host reads them when the way forward has ended.
    for (const { mean, variance } of this.#statistics)
      for (const { storage } of [mean, variance]) storage.touch(middle);
    const seed = program.external(y.dims);
    this.#flowing.set(form.output, [seed]);
    for (const write of this.#backward.reverse()) write();
    for (const name of this.#parameters) if (!this.#gradients.has(name)) this.#deliver(name);
    const end = program.position;
    return {
      middle,
      end,
      inputs: this.#inputs,
      constants: this.#constants,
      output,
      seed,
      gradients: this.#gradients,
      delivered: this.#delivered,
      statistics: this.#statistics,
    };
  }

  #value(node: Node, name: string): Value {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const constant = this.#network.constant(name);
    const value =
      constant === undefined
        ? this.#program.external(this.#network.dims(node, name))
        : this.#fixed(constant.dims, constant.data as Float32Array);
    if (constant === undefined) this.#inputs.set(name, value);
    this.#values.set(name, value);
    return value;
  }

  #fixed(dims: readonly number[], data: Float32Array): Value {
    const value = this.#program.external(dims);
    this.#constants.push({ value, data });
    return value;
  }

  /** A gradient in the sizes of what it is of, where a layer reads that by others, as weights in groups. */
  #sized(gradient: Value, dims: readonly number[]): Value {
    if (`${gradient.dims}` === `${dims}`) return gradient;
    return this.#program.view(this.#program.rowMajor(gradient), dims);
  }

  #take(name: string, gradient: Value): void {
    const all = [...(this.#flowing.get(name) ?? []), gradient];
    this.#flowing.set(name, all);
    // At once, so that no gradient waits for the end in memory.
    if (this.#parameters.has(name) && all.length === this.#uses.get(name)) this.#deliver(name);
  }

  /** Copies the gradient of a parameter to where the caller wants it. */
  #deliver(name: string): void {
    const gradient = this.#gradientOf(name);
    if (gradient === undefined) return;
    const target = this.#program.external(gradient.dims);
    this.#program.copy(gradient, target);
    this.#gradients.set(name, target);
    this.#delivered.push({ name, position: this.#program.position });
  }

  /** The sum of what flows into a value; asked for when all has. */
  #gradientOf(name: string): Value | undefined {
    const [first, ...others] = this.#flowing.get(name) ?? [];
    return first && others.reduce((sum, other) => this.#program.sum(sum, other), first);
  }
}
