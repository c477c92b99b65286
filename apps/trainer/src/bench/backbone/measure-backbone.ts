import { type Backbone, iresnet, mobileFaceNet, tinyIresnet } from '@cf/backbones';
import { onnxModel } from '@cf/onnx';
import type { BackboneTask, BenchModel } from './report.ts';
import { type TrainingStep, trainingStep } from './training-step.ts';

const MODELS: Readonly<Record<BenchModel, () => Backbone>> = {
  mobilefacenet: mobileFaceNet,
  'tiny-iresnet': () => tinyIresnet({ dropout: 0 }),
  iresnet18: () => iresnet({ depth: 18 }),
};

/** A network that is measured. */
export function benchNetwork(model: BenchModel): Backbone {
  return MODELS[model]();
}

/** Measures a backbone's training in this process, which should be a fresh one: its peak memory counts. */
export async function measureBackbone({ model, ...task }: BackboneTask): Promise<TrainingStep> {
  const network = benchNetwork(model);
  return trainingStep(onnxModel(network), network.inputSize, task);
}
