import { type OptionNames, requireChoice, requireKnownOptions } from '@cf/core';
import { requireWeightsInside } from '../../model/external-data.ts';
import type { Model } from '../../model/model.ts';
import { opsetOf } from '../../model/opset.ts';
import { withFields } from '../../model/with-fields.ts';
import { upgradeModel } from '../../upgrade/upgrade-model.ts';
import type { Note } from '../note.ts';
import { HalfTensors, type HalfType } from './half-tensors.ts';
import { HalfWriter } from './half-writer.ts';

/** How a model is written in half precision. */
export interface FromFloat32Options {
  /** Inputs and outputs stay float32, with a Cast behind or before them; true by default. Of float16 only. */
  readonly keepIo?: boolean;
}

const OPTIONS: OptionNames<FromFloat32Options> = { keepIo: true };

/**
 * A float32 model in half precision; numbers are rounded to nearest, ties to even.
 *
 * - `float16`: weights and values. Operators that know no float16, or count in floats (shapes, ranges), stay float32
 *   between Casts, as do nodes with subgraphs and those of other domains.
 * - `bfloat16`: weights alone, each with a Cast to float32 behind it, since runtimes on processors compute next to
 *   nothing in bfloat16. Single numbers stay float32.
 *
 * A model below opset 14 is brought to 17 first.
 *
 * `toFloat32` is the way back.
 *
 * @throws OnnxGraphError naming all weights with numbers beyond 65504 in float16
 * @throws OnnxFileError if weights are in side files that were not read
 */
export function fromFloat32(
  model: Model,
  type: HalfType,
  options: FromFloat32Options = {},
): { readonly model: Model; readonly notes: readonly Note[] } {
  requireKnownOptions('fromFloat32', options, OPTIONS);
  const { keepIo = true } = options;
  requireChoice('type', type, ['float16', 'bfloat16']);
  requireWeightsInside(model);
  const source = opsetOf(model) < OLDEST_HALF ? upgradeModel(model) : model;
  const tensors = new HalfTensors(type);
  const writer = new HalfWriter(source, { type, tensors, keepIo: keepIo && type === 'float16' });
  const graph = type === 'float16' ? writer.values() : writer.weights();
  tensors.throwIfAny();
  return { model: withFields(source, { graph }), notes: tensors.notes() };
}

/**
 * Older models are brought to 17: bfloat16 has Casts from 13 on, and onnxruntime 1.30 dies of float16 attention in opsets
 * 9 to 13 (in its MatmulTransposeFusion).
 */
const OLDEST_HALF = 14;
