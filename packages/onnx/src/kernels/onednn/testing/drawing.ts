import { GraphBuilder } from '../../../builder/graph-builder.ts';
import type { Attributes } from '../../../model/attributes.ts';
import { sizeOf } from '../../../model/dims.ts';
import type { TensorData } from '../../../model/tensor.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

/** A value of a network that is being drawn, [N, C, …]. */
export interface Drawn {
  readonly name: string;
  readonly dims: readonly number[];
}

/** Composes layers, each of which reads what any before it gave. */
export class Drawing {
  readonly builder: GraphBuilder = new GraphBuilder({ opset: 17 });
  readonly inputs: Record<string, TensorData> = {};
  readonly values: Drawn[] = [];
  readonly weights: Drawn[] = [];
  readonly told: string[] = [];
  readonly read: Set<string> = new Set();

  input(name: string, dims: readonly number[], scale: number = 1): Drawn {
    this.inputs[name] = randomTensor(
      'float32',
      dims,
      Object.keys(this.inputs).length + 1,
      (u) => scale * (2 * u - 1),
    );
    this.builder.input(name, 'float32', dims);
    return { name, dims };
  }

  /** A new weight, or one that is there already. */
  weight(dims: readonly number[], isShared: boolean = false): string {
    const known = isShared ? this.weights.find((weight) => `${weight.dims}` === `${dims}`) : undefined;
    if (known !== undefined) return known.name;
    const fan = dims.length > 1 ? sizeOf(dims.slice(1)) : 1;
    const made = this.input(`w${this.weights.length}`, dims, 1.5 / Math.sqrt(fan));
    this.weights.push(made);
    return made.name;
  }

  constant(dims: readonly number[], from: number, to: number): string {
    return this.builder.constant(
      randomTensor('float32', dims, this.values.length + 50, (u) => from + u * (to - from)),
    );
  }

  op(operator: string, inputs: readonly string[], attributes: Attributes, dims: readonly number[]): Drawn {
    for (const name of inputs) this.read.add(name);
    const name = this.builder.op(operator, [...inputs], attributes);
    this.told.push(`${name} = ${operator}(${inputs}) [${dims}] ${JSON.stringify(attributes)}`);
    return { name, dims };
  }

  /** All that nobody reads, as one matrix. */
  finish(): void {
    const ends = this.values.filter(({ name }) => !this.read.has(name));
    const rows = ends.map(({ name, dims }) =>
      dims.length === 2 ? name : this.op('Flatten', [name], { axis: { int: 1 } }, []).name,
    );
    const [only, ...others] = rows as [string, ...string[]];
    if (others.length === 0) this.builder.op('Identity', [only], {}, { outputs: ['result'] });
    else this.builder.op('Concat', rows, { axis: { int: 1 } }, { outputs: ['result'] });
    this.builder.output('result', 'float32', undefined);
  }
}
