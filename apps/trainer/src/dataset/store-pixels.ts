import { type ImageStore, pixelBatch } from '@cf/data';
import type { FeatureTable } from '../features/feature-table.ts';
import { wantedSamples } from './store-embeddings.ts';

/** About the side of the pictures that are compared as they are. */
const SIDE = 28;

/**
 * The pictures themselves as features, to see what a network adds: grey, averaged over squares to about 28×28, their
 * mean removed, so that brightness does not pass for likeness.
 */
export function storePixels(
  store: ImageStore,
  wanted: (index: number) => boolean,
  mirror: boolean,
): FeatureTable & { readonly name: string } {
  const samples = wantedSamples(store, wanted);
  const factor = Math.max(1, Math.floor(Math.min(store.height, store.width) / SIDE));
  const [height, width] = [Math.floor(store.height / factor), Math.floor(store.width / factor)];
  const dim = height * width;
  const table = (mirrored: boolean): Float32Array => {
    const out = new Float32Array(samples.length * dim);
    for (const [row, sample] of samples.entries()) {
      const picture = pixelBatch(store, [sample], { mirror: mirrored });
      shrink(picture, store, factor, out.subarray(row * dim, (row + 1) * dim), width);
    }
    return out;
  };
  return {
    name: `pixels ${height}×${width}`,
    dim,
    indices: Int32Array.from(samples, (sample) => store.indices[sample]!),
    rows: table(false),
    mirrored: mirror ? table(true) : undefined,
  };
}

function shrink(
  picture: Float32Array,
  store: ImageStore,
  factor: number,
  out: Float32Array,
  width: number,
): void {
  const plane = store.height * store.width;
  const rows = out.length / width;
  for (let y = 0; y < rows * factor; y++) {
    for (let x = 0; x < width * factor; x++) {
      const pixel = y * store.width + x;
      let grey = 0;
      for (let c = 0; c < store.channels; c++) grey += picture[c * plane + pixel]!;
      out[Math.floor(y / factor) * width + Math.floor(x / factor)]! += grey;
    }
  }
  const mean = out.reduce((sum, value) => sum + value, 0) / out.length;
  for (let k = 0; k < out.length; k++) out[k]! -= mean;
}
