import type { MarginLoss, PreparedBatch, UnitRows } from '@cf/core';
import { sampleValuesRead } from '../formula/negatives-formula.ts';
import type { OnnxRuntime, RuntimeTensor, RuntimeTensors } from '../runtime/onnx-runtime.ts';
import { NO_LOGIT } from './forward-graph.ts';
import type { HeadMemory } from './head-memory.ts';

/** Which samples have their class in a tile: their positions there, [k, 2], and the logits that hide them, [k]. */
interface OwnClasses {
  readonly own: RuntimeTensor;
  readonly own_logit: RuntimeTensor;
}

/** What both passes feed of the batch, whatever the tile. */
export interface BatchTensors {
  /** x̂, or x: [B, d]. */
  readonly x: RuntimeTensor;
  /** Further inputs of pass 1. */
  readonly samples: RuntimeTensors;
  /** Of a tile. */
  readonly own: (tile: number) => OwnClasses;
}

/** Brings a batch into the form that the graphs of both passes read. */
export function batchTensors(
  runtime: OnnxRuntime,
  loss: MarginLoss,
  x: UnitRows,
  prepared: PreparedBatch,
  labels: Int32Array,
  tileSize: number,
  memory: HeadMemory,
): BatchTensors {
  const column = (values: ArrayLike<number>): RuntimeTensor =>
    new runtime.Tensor('float32', Float32Array.from(values), [values.length, 1]);
  const samples: Record<string, RuntimeTensor> = {
    pivot: column(prepared.pivot),
    logit_scale: column(prepared.logitScale),
  };
  for (const name of sampleValuesRead(loss))
    samples[`sample_${name}`] = column(prepared.sampleValues.map((sample) => sample[name]!));
  const unit = memory.array('unit', x.unit.length);
  unit.set(x.unit);
  return {
    x: new runtime.Tensor('float32', unit, [x.count, x.dim]),
    samples,
    own: (tile) => ownClasses(runtime, labels, tile * tileSize, tileSize),
  };
}

function ownClasses(runtime: OnnxRuntime, labels: Int32Array, start: number, classes: number): OwnClasses {
  const positions: bigint[] = [];
  labels.forEach((label, i) => {
    if (label >= start && label < start + classes) positions.push(BigInt(i), BigInt(label - start));
  });
  const count = positions.length / 2;
  return {
    own: new runtime.Tensor('int64', BigInt64Array.from(positions), [count, 2]),
    own_logit: new runtime.Tensor('float32', new Float32Array(count).fill(NO_LOGIT), [count]),
  };
}
