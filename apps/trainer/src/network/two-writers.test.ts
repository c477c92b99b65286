import { BACKBONE_NAMES, type BackboneName, backbone } from '@cf/backbones';
import { encodeModel, type Model, onnxModel, readWeights, trainingForm, withWeights } from '@cf/onnx';
import { type LayersWeight, layersModel, layersWeights, type NamedWeight, setLayersWeights } from '@cf/tfjs';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';
import { openOnnxNetwork } from '../features/onnx-network.ts';

/** The others are the blocks of iresnet18, more of them, and their numbers are drawn by the same lines. */
const COMPUTED: readonly BackboneName[] = ['tiny-iresnet', 'mobilefacenet', 'iresnet18'];
/** Initializers of the ONNX model that are no weights. */
const CONSTANTS = new Set(['pixel_mean', 'pixel_scale', 'dropout.ratio']);

type Weights = ReadonlyMap<string, NamedWeight>;

beforeAll(async () => {
  await tf.setBackend('wasm');
});

test.each(BACKBONE_NAMES)('%s has the same weights in both, by name and shape, and trains the same', (name) => {
  const described = backbone(name, { weights: 'zeros' });
  const onnx = onnxModel(described);
  const layers = layersModel(described);
  const shapes = layers.weights.map(({ shape }) => tf.util.sizeFromShape(shape as number[]));
  layers.dispose();
});
