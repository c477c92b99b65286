import { tinyIresnet } from '@cf/backbones';
import { backendLaws, type LawTest } from '@cf/conformance';
import { type Backend, curricularFace, type HeadOutput, referenceBackend, referenceStep } from '@cf/core';
import type { RawImage } from '@cf/data';
import { syntheticFaces } from '@cf/data/node';
import { type VerificationReport, verify } from '@cf/eval';
import { gpujsBackend } from '@cf/gpujs';
import { type Model, onnxBackend, onnxModel } from '@cf/onnx';
import { type WrittenModel, writeModelFile } from '@cf/onnx/node';
import { tfjsBackend } from '@cf/tfjs';
import { layersModel } from '@cf/tfjs/layers';
import { resolveConfig } from '@cf/trainer';
import { type LearnerOptimiser, learnerOptimiser, sgd } from '@cf/training';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as runtime from 'onnxruntime-node';

export const output: HeadOutput = referenceStep(curricularFace(), {
  embeddings: new Float32Array(4).fill(1),
  weights: new Float32Array(4).fill(1),
  labels: [0, 1],
  dim: 2,
});
export const laws: readonly LawTest[] = backendLaws(referenceBackend);
export const backends: readonly Promise<Backend>[] = [
  tfjsBackend(),
  gpujsBackend(),
  onnxBackend({ runtime }),
];
export const image: Promise<RawImage> = syntheticFaces({
  seed: 0,
  identities: 1,
  imagesPerIdentity: 1,
}).image(0, 0);
export const report: VerificationReport = verify({ scores: [1, 0], same: [true, false] });
export const config: typeof resolveConfig = resolveConfig;
export const optimiser: LearnerOptimiser = learnerOptimiser({ rule: sgd({ momentum: 0.9 }) });
export const backbone: Model = onnxModel(tinyIresnet());
export const layers: LayersModel = layersModel(tinyIresnet());
export const written: (model: Model) => Promise<WrittenModel> = (model) =>
  writeModelFile('model.onnx', model);
