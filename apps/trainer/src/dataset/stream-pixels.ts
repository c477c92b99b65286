import { meanOf } from '@cf/core';
import { mirrorRows } from '@cf/data';
import type { PictureStream } from '@cf/data/node';
import type { FeatureTable } from '../features/feature-table.ts';
import { parts, wantedSamples } from './stream-embeddings.ts';

/** About the side of the pictures that are compared as they are. */
const SIDE = 28;
const AT_ONCE = 64;

/**
 * The pictures themselves as features, to see what a network adds: grey, averaged over squares to about 28×28, their
 * mean removed, so that brightness does not pass for likeness.
 */
export async function streamPixels(
  stream: PictureStream,
  wanted: (index: number) => boolean,
  mirror: boolean,
): Promise<FeatureTable & { readonly name: string }> {
  const samples = wantedSamples(stream, wanted);
  const factor = Math.max(1, Math.floor(Math.min(stream.height, stream.width) / SIDE));
  const [height, width] = [Math.floor(stream.height / factor), Math.floor(stream.width / factor)];
  const dim = height * width;
  const rows = new Float32Array(samples.length * dim);
  const mirrored = mirror ? new Float32Array(samples.length * dim) : undefined;
  const size = stream.channels * stream.height * stream.width;
  let row = 0;
  for await (const pictures of stream.batches(parts(samples, AT_ONCE))) {
    for (let from = 0; from < pictures.length; from += size, row++) {
      const picture = pictures.subarray(from, from + size);
      const into = (table: Float32Array): Float32Array => table.subarray(row * dim, (row + 1) * dim);
      shrink(picture, stream, factor, into(rows), width);
      if (mirrored !== undefined)
        shrink(mirrorRows(picture, stream.width), stream, factor, into(mirrored), width);
    }
  }
  return {
    name: `pixels ${height}×${width}`,
    dim,
    indices: Int32Array.from(samples, (sample) => stream.indices[sample]!),
    rows,
    mirrored,
  };
}

function shrink(
  picture: Float32Array,
  store: Pick<PictureStream, 'channels' | 'height' | 'width'>,
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
  const mean = meanOf(out);
  for (let k = 0; k < out.length; k++) out[k]! -= mean;
}
