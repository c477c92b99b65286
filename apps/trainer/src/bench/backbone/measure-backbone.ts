import { type Backbone, iresnet, mobileFaceNet, tinyIresnet } from '@cf/backbones';
import { onnxModel } from '@cf/onnx';
import type { BackboneTask, BenchModel } from './report.ts';
import { type TrainingStep, trainingStep } from './training-step.ts';

const MODELS: Readonly<Record<BenchModel, (size: { readonly inputSize?: number }) => Backbone>> = {
  mobilefacenet: () => mobileFaceNet(),
  'tiny-iresnet': (size) => tinyIresnet({ dropout: 0, ...size }),
  iresnet18: (size) => iresnet({ depth: 18, ...size }),
};

/** A network that is measured. @param side of its pictures, of a residual network; its own by default */
export function benchNetwork(model: BenchModel, side?: number): Backbone {
  return MODELS[model](side === undefined ? {} : { inputSize: side });
}

/** Measures a backbone's training in this process, which should be a fresh one: its peak memory counts. */
export async function measureBackbone({ model, side, ...task }: BackboneTask): Promise<TrainingStep> {
  const network = benchNetwork(model, side);
  return trainingStep(onnxModel(network), network.inputSize, task);
}
