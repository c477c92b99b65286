import { OnnxGraphError } from '../errors.ts';
import { graphOf, inputsOf, type Model } from '../model/model.ts';
import { createValueInfo } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { sessionModel } from '../runtime/session-model.ts';
import { sessionOptions } from '../runtime/sessions.ts';
import { chooseRange, type RangeMethod } from './choose-range.ts';
import type { ValueRange } from './linear-scale.ts';
import { quantisableForm, quantisedPlaces } from './quantised-places.ts';
import { ValueHistogram } from './value-histogram.ts';

/** What the activations of a model lie between, by name. */
export type Calibration = ReadonlyMap<string, ValueRange>;

export interface CalibrationOptions {
  /** `onnxruntime-node` or `onnxruntime-web`. */
  readonly runtime: OnnxRuntime;
  /** Batches as the model's one input takes them: of some hundred samples, such as it was trained on. */
  readonly samples: Iterable<CalibrationBatch> | AsyncIterable<CalibrationBatch>;
  /** `min-max` by default. */
  readonly method?: RangeMethod;
  /** Threads of one operator; the runtime's choice by default. */
  readonly threads?: number;
}

export interface CalibrationBatch {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/**
 * Runs a model on samples and takes down what the activations that {@link quantise} makes bytes of lie between.
 *
 * @throws OnnxGraphError for a model of several inputs, one without a layer to quantise, no samples, and activations that
 * are not finite; UnsupportedOperatorError for one that is quantised already
 */
export async function calibrate(
  model: Model,
  { runtime, samples, method = 'min-max', threads }: CalibrationOptions,
): Promise<Calibration> {
  const form = quantisableForm(model);
  const input = onlyInput(form);
  const names = activations(form);
  const { bytes, options } = sessionModel(
    withOutputs(
      form,
      names.filter((name) => name !== input),
    ),
  );
  const session = await runtime.InferenceSession.create(bytes, {
    ...options,
    ...sessionOptions(threads, undefined),
  });
  const seen = new Map(names.map((name) => [name, new ValueHistogram()]));
  try {
    let count = 0;
    for await (const { data, dims } of samples) {
      const feed = new runtime.Tensor('float32', data, dims);
      const wanted = names.filter((name) => name !== input).map((name) => [name, null] as const);
      const results = {
        ...(await session.run({ [input]: feed }, Object.fromEntries(wanted))),
        [input]: feed,
      };
      for (const [name, histogram] of seen) {
        if (histogram.add(results[name]!.data as Float32Array)) continue;
        throw new OnnxGraphError(
          `value '${name}', which is not finite on a sample`,
          'finite activations',
          'check the weights of the model, and how it wants its samples.',
        );
      }
      count += dims[0] ?? 1;
    }
    if (count === 0)
      throw new OnnxGraphError('no samples', 'some hundred samples', 'pass such as it was trained on.');
  } finally {
    await session.release();
  }
  return new Map([...seen].map(([name, histogram]) => [name, chooseRange(histogram, method)]));
}

/** Values that become bytes: what quantised layers read, and what convolutions give. */
function activations(form: Model): readonly string[] {
  return [
    ...new Set(
      quantisedPlaces(form).flatMap(({ input, output }) =>
        output === undefined ? [input] : [input, output],
      ),
    ),
  ];
}

function onlyInput(model: Model): string {
  const inputs = inputsOf(graphOf(model));
  if (inputs.length === 1) return inputs[0]!.name;
  throw new OnnxGraphError(
    `a model with ${inputs.length} inputs`,
    'one input of samples',
    'choose one with prepareModel first.',
  );
}

function withOutputs(model: Model, names: readonly string[]): Model {
  const graph = graphOf(model);
  const there = new Set(graph.output.map(({ name }) => name));
  const more = names.filter((name) => !there.has(name)).map((name) => createValueInfo(name, 'float32'));
  return withFields(model, { graph: withFields(graph, { output: [...graph.output, ...more] }) });
}
