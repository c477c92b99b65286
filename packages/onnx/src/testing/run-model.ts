import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeModel } from '../model/codec.ts';
import type { Model } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';

/** Inputs or outputs by name. */
export type Values = Readonly<Record<string, TensorData>>;

/** A model opened in onnxruntime, on one thread of the CPU. */
export interface Session {
  run(inputs: Values): Promise<Values>;
  release(): Promise<void>;
}

/** Opens a model; `isVerbatim` runs it node by node as it is written, without fusing any. */
export async function openModel(model: Model, isVerbatim: boolean = false): Promise<Session> {
  const session = await InferenceSession.create(encodeModel(model), {
    intraOpNumThreads: 1,
    graphOptimizationLevel: isVerbatim ? 'disabled' : 'all',
    logSeverityLevel: 3,
  });
  return {
    async run(inputs) {
      const feeds = Object.entries(inputs).map(([name, value]) => [name, toTensor(value)] as const);
      const results = await session.run(Object.fromEntries(feeds));
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromTensor(tensor)]));
    },
    release: () => session.release(),
  };
}

function toTensor({ type, data, dims }: TensorData): Tensor {
  return new Tensor(type as 'float32', data as Float32Array, dims);
}

function fromTensor(tensor: Tensor): TensorData {
  return { type: tensor.type, dims: tensor.dims, data: tensor.data } as TensorData;
}
