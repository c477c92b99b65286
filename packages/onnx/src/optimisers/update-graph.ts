import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Parameter } from '../passes/parameters.ts';
import type { OptimiserOptions, ParameterGroup } from './options.ts';

/** Name of the input with η. */
export const LEARNING_RATE = 'learning_rate';
/** Name of the input with t, the number of this update, from 1. */
export const STEP = 'step';
/** Name of the output with ‖g‖. */
export const GRADIENT_NORM = 'gradient_norm';

/** One parameter on its way through an update: names of its values. */
export interface ParameterUpdate {
  readonly parameter: Parameter;
  /** w, before the update. */
  readonly weight: string;
  /** g, after clipping. */
  readonly gradient: string;
  /** η of the parameter's group, a scalar. */
  readonly learningRate: string;
  /** λ of the parameter's group. */
  readonly weightDecay: number;
}

/** Writes an optimiser's formula. Scalars are written once, however often they are asked for. */
export class UpdateGraph {
  readonly builder: GraphBuilder = new GraphBuilder({ name: 'optimiser' });
  readonly #written: Map<string, string> = new Map();

  /** A float32 scalar. */
  scalar(value: number): string {
    return this.once(`scalar ${value}`, () =>
      this.builder.constant({ type: 'float32', dims: [], data: Float32Array.of(value) }, 'scalar'),
    );
  }

  op(operator: 'Add' | 'Sub' | 'Mul' | 'Div', a: string, b: string): string {
    return this.builder.op(operator, [a, b]);
  }

  scaled(value: string, factor: number): string {
    return this.op('Mul', value, this.scalar(factor));
  }

  /** What `write` gives, written the first time only. */
  once(key: string, write: () => string): string {
    const known = this.#written.get(key) ?? write();
    this.#written.set(key, known);
    return known;
  }

  /** Declares an input like a parameter. */
  inputLike({ dims }: Parameter, name: string): string {
    return this.builder.input(name, 'float32', dims);
  }

  /** Makes a value the output `next/<input>`. */
  next(parameter: Parameter, input: string, value: string): void {
    const name = nextOf(input);
    this.builder.op('Identity', [value], {}, { outputs: [name] });
    this.builder.output(name, 'float32', parameter.dims);
  }
}

/** Name of the output that takes the place of an input in the next update. */
export function nextOf(input: string): string {
  return `next/${input}`;
}

/** Name of the input with a parameter's gradient. */
export function gradientOf(name: string): string {
  return `grad/${name}`;
}

/** Where a parameter differs from the rest: the first group that takes it. */
export function groupOf({ name, kind }: Parameter, { groups = [] }: OptimiserOptions): ParameterGroup {
  const takes = ({ kinds, prefixes }: ParameterGroup): boolean =>
    (kinds === undefined || kinds.includes(kind)) &&
    (prefixes === undefined || prefixes.some((prefix) => name.startsWith(prefix)));
  return groups.find(takes) ?? {};
}
