import { biasInProduct } from '../formula/negatives-formula.ts';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { HeadSessions } from './head-sessions.ts';
import type { BackwardTile, ForwardTile, ProductsPlan, TileProducts } from './tile-products.ts';

/** Products as graphs of the runtime: on every execution provider. */
export class GraphProducts implements TileProducts {
  readonly #runtime: OnnxRuntime;
  readonly #sessions: HeadSessions;
  readonly #plan: Pick<ProductsPlan, 'loss'>;

  constructor(runtime: OnnxRuntime, sessions: HeadSessions, plan: Pick<ProductsPlan, 'loss'>) {
    this.#runtime = runtime;
    this.#sessions = sessions;
    this.#plan = plan;
  }

  async forward({ x, weights, norms, bias, products }: ForwardTile): Promise<void> {
    const rows = norms.length;
    const [batch, dim] = [products.length / rows, weights.length / rows];
    const session = await this.#sessions.products();
    await session.run(
      {
        x: this.#tensor(x, [batch, dim]),
        w: this.#tensor(weights, [rows, dim]),
        ...(bias === undefined ? {} : { bias: this.#tensor(bias, [1, bias.length]) }),
      },
      { products: this.#tensor(products, [batch, rows]), norms: this.#tensor(norms, [rows, 1]) },
    );
  }

  async backward(tile: BackwardTile): Promise<void> {
    const { weights, norms, slopes, pull, gradient, gradBias, sums, waits } = tile;
    const { loss } = this.#plan;
    const rows = norms.length;
    const [batch, dim] = [slopes.length / rows, weights.length / rows];
    const { factor, x, before, after } = sums;
    const ofRows = pull === undefined ? { norms } : { pull };
    const columns = Object.entries(ofRows).map(([name, data]) => [name, this.#tensor(data, [rows, 1])]);
    const hasBias = gradBias !== undefined && biasInProduct(loss);
    const session = await this.#sessions.backward(pull !== undefined, waits);
    await session.run(
      {
        x: this.#tensor(x, [batch, dim]),
        w: this.#tensor(weights, [rows, dim]),
        before: this.#tensor(before, [batch, dim]),
        slopes: this.#tensor(slopes, [batch, rows]),
        ...(loss.geometry === 'inner' ? {} : Object.fromEntries(columns)),
        ...(hasBias ? { factor: this.#tensor(factor, [batch, 1]) } : {}),
      },
      {
        after: this.#tensor(after, [batch, dim]),
        grad_w: this.#tensor(gradient, [rows, dim]),
        ...(hasBias ? { grad_bias: this.#tensor(gradBias, [1, gradBias.length]) } : {}),
      },
    );
    sums.took();
  }

  /** The sessions are the head's. */
  dispose(): void {}

  #tensor(data: Float32Array, dims: readonly number[]): RuntimeTensor {
    return new this.#runtime.Tensor('float32', data, dims);
  }
}
