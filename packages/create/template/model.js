import * as ort from 'onnxruntime-web';

/**
 * Opens the trained model. The networks that cf brings take pixels as they are: RGB from 0 to 255, [1, 3, height, width]. The
 * card of a model (public/model/README.md) has the lines for any other.
 */
export async function openModel(url) {
  const session = await ort.InferenceSession.create(url);
  const [input] = session.inputMetadata;
  const [, , height, width] = input.shape;
  const [output] = session.outputNames;
  return {
    width,
    height,
    /** The embedding of a picture that is a Blob. */
    async embed(blob) {
      const pixels = await pixelsOf(blob, width, height);
      const tensor = new ort.Tensor('float32', planes(pixels, width * height), [1, 3, height, width]);
      const { [output]: embedding } = await session.run({ [input.name]: tensor });
      return embedding.data;
    },
  };
}

/** RGBA of a picture at the size of the model. */
async function pixelsOf(blob, width, height) {
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(await createImageBitmap(blob), 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

/** All reds, then all greens, then all blues. */
export function planes(pixels, size) {
  return Float32Array.from({ length: 3 * size }, (_, i) => pixels[4 * (i % size) + Math.floor(i / size)]);
}

/** The cosine between two embeddings: 1 for the same picture. */
export function similarity(a, b) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
