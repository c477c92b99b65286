import type { BatchContext, SharedTiles } from '@cf/core';
import type { BackwardTile, ForwardTile, TileProducts } from './tile-products.ts';

/**
 * Products that heads of the same batch share: norms, and products without a bias. Rows that had to be scaled down lie in
 * memory of their own, and are nobody else's.
 */
export class SharedProducts implements TileProducts {
  readonly #products: TileProducts;
  readonly #tiles: SharedTiles;
  readonly #context: Pick<BatchContext, 'loss' | 'weights'>;

  constructor(products: TileProducts, tiles: SharedTiles, context: Pick<BatchContext, 'loss' | 'weights'>) {
    this.#products = products;
    this.#tiles = tiles;
    this.#context = context;
  }

  async forward(tile: ForwardTile): Promise<void> {
    const { weights, norms, bias, products } = tile;
    const { loss } = this.#context;
    if (bias !== undefined || weights.buffer !== this.#context.weights.buffer)
      return this.#products.forward(tile);
    // With inner products the embeddings have their own lengths.
    const rows = loss.geometry === 'inner' ? 'x' : 'x/‖x‖';
    const key = `onnx ${rows} ${weights.byteOffset} ${weights.length}`;
    if (this.#tiles.take(key, [products, norms])) return;
    await this.#products.forward(tile);
    this.#tiles.leave(key, [products, norms]);
  }

  backward(tile: BackwardTile): void | Promise<void> {
    return this.#products.backward(tile);
  }

  /** They are the head's. */
  dispose(): void {}
}
