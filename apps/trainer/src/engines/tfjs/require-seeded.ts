import { layersOf } from '@cf/tfjs/layers';
import type * as tfl from '@tensorflow/tfjs-layers';
import { BackboneError } from '../../errors.ts';

/** Layers that draw numbers which no seed reaches. */
const UNSEEDED = /^(GaussianNoise|GaussianDropout|AlphaDropout|SpatialDropout\dD|Random\w+)$/;

/** @throws BackboneError where the same seed could not give the same training */
export function requireSeeded(file: string, model: tfl.LayersModel): void {
  const layer = layersOf(model).find((one) => UNSEEDED.test(one.getClassName()));
  if (layer === undefined) return;
  throw new BackboneError(
    `'${file}' with ${layer.getClassName()} '${layer.name}', whose draws take no seed`,
    'layers that give the same with the same seed',
    'take Dropout in its place, or leave the layer out.',
  );
}
