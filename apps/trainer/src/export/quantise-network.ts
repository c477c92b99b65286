import { toTensorNCHW } from '@cf/data';
import {
  type CalibrationBatch,
  calibrate,
  type Model,
  type OnnxRuntime,
  type QuantisedModel,
  quantise,
  type RangeMethod,
  type WeightType,
} from '@cf/onnx';
import * as runtime from 'onnxruntime-node';
import type { Dataset } from '../dataset/dataset.ts';
import type { ImageSource, LoadOptions } from '../dataset/image-source.ts';
import { imagesOfPairs } from '../dataset/verification-pairs.ts';
import { networkInput, type PixelForm, sampleShape } from '../engines/pixel-form.ts';
import { UsageError } from '../errors.ts';
import { withProgress } from '../report/progress.ts';

/** How a network is quantised. */
export interface NetworkQuantisation {
  readonly weights: WeightType;
  readonly method: RangeMethod;
  /** Pictures at most. */
  readonly pictures: number;
}

/** A network of pictures, and how it wants them. */
export interface NetworkOfPictures {
  readonly model: Model;
  readonly pixels: PixelForm;
  readonly shape: { readonly width: number; readonly height: number };
}

/** Pictures of training that no pair scores, spread over the list. @throws UsageError where there is none */
export function calibrationPictures(
  { labels, verification }: Pick<Dataset, 'labels' | 'verification'>,
  most: number,
): readonly number[] {
  const scored = imagesOfPairs(verification);
  const free = [...labels.keys()].filter((index) => labels[index]! >= 0 && !scored.has(index));
  if (free.length === 0)
    throw new UsageError(
      'no picture to calibrate on: all that there are stand in the pairs',
      'pictures of people that are not scored',
      'add some to the data, or score fewer folds.',
    );
  const count = Math.min(most, free.length);
  return Array.from({ length: count }, (_, i) => free[Math.floor((i * free.length) / count)]!);
}

/** Calibrates a network on pictures, and quantises it. */
export async function quantiseNetwork(
  { model, pixels, shape }: NetworkOfPictures,
  { weights, method }: NetworkQuantisation,
  images: ImageSource,
  options: LoadOptions,
): Promise<QuantisedModel> {
  const calibration = await withProgress('calibration', images.count, 'images', (update) =>
    calibrate(model, {
      runtime: runtime as OnnxRuntime,
      method,
      samples: samplesOf(images, { pixels, shape }, options, update),
    }),
  );
  return quantise(model, { calibration, weights });
}

async function* samplesOf(
  images: ImageSource,
  { pixels, shape }: Omit<NetworkOfPictures, 'model'>,
  options: LoadOptions,
  update: (done: number) => void,
): AsyncGenerator<CalibrationBatch> {
  for await (const { index, image } of images.load({ ...shape, channels: 3 }, options)) {
    const data = networkInput(toTensorNCHW([image]), shape, pixels);
    yield { data, dims: [1, ...sampleShape(shape, pixels)] };
    update(index + 1);
  }
}
