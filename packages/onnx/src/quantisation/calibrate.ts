import { type OptionNames, requireKnownOptions } from '@cf/core';
import { OnnxGraphError } from '../errors.ts';
import { sizeOf } from '../model/dims.ts';
import { graphOf, inputsOf, type Model } from '../model/model.ts';
import { createValueInfo } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { sessionModel } from '../runtime/session-model.ts';
import { sessionOptions } from '../runtime/sessions.ts';
import { chooseRange, type RangeMethod } from './choose-range.ts';
import { type ChannelFactors, channelFactors, equalised, linksOf } from './equalised.ts';
import type { ValueRange } from './linear-scale.ts';
import { quantisableForm, quantisedPlaces } from './quantised-places.ts';
import { ValueHistogram } from './value-histogram.ts';

/** What was seen of a model on samples. */
export interface Calibration {
  /** What activations lie between, by name. */
  readonly ranges: ReadonlyMap<string, ValueRange>;
  /** By which channels are brought to one size before; none where they stay as they are. */
  readonly factors: ChannelFactors;
}

export interface CalibrationOptions {
  /** `onnxruntime-node` or `onnxruntime-web`. */
  readonly runtime: OnnxRuntime;
  /** Batches as the model's one input takes them, kept in memory: some hundred samples, such as it was trained on. */
  readonly samples: Iterable<CalibrationBatch> | AsyncIterable<CalibrationBatch>;
  /** `squared-error` by default. */
  readonly method?: RangeMethod;
  /** Bring channels to one size where a model computes the same; true by default. */
  readonly equalise?: boolean;
  /** Threads of one operator; the runtime's choice by default. */
  readonly threads?: number;
}

export interface CalibrationBatch {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

const OPTIONS: OptionNames<CalibrationOptions> = {
  runtime: true,
  samples: true,
  method: true,
  equalise: true,
  threads: true,
};

/**
 * Runs a model on samples and takes down what the activations that {@link quantise} makes bytes of lie between. Before, it
 * looks at how large the channels of convolutions are, and brings them nearer to one size.
 *
 * @throws OnnxGraphError for a model of several inputs, one without a layer to quantise, no samples, and activations that
 * are not finite; UnsupportedOperatorError for one that is quantised already
 */
export async function calibrate(model: Model, options: CalibrationOptions): Promise<Calibration> {
  requireKnownOptions('calibrate', options, OPTIONS);
  const { samples, method = 'squared-error', equalise = true, ...on } = options;
  const form = quantisableForm(model);
  const batches: CalibrationBatch[] = [];
  for await (const batch of samples) batches.push(batch);
  if (batches.length === 0)
    throw new OnnxGraphError('no samples', 'some hundred samples', 'pass such as it was trained on.');
  const factors = equalise ? await seenFactors(form, batches, on) : new Map();
  const level = equalised(form, factors);
  const seen = new Map(activations(level).map((name) => [name, new ValueHistogram()]));
  await observe(level, { ...on, batches, names: [...seen.keys()] }, (name, { data }) =>
    seen.get(name)!.add(data),
  );
  return {
    ranges: new Map([...seen].map(([name, histogram]) => [name, chooseRange(histogram, method)])),
    factors,
  };
}

type Surroundings = Pick<CalibrationOptions, 'runtime' | 'threads'>;

/** Factors by the largest size of each channel. */
async function seenFactors(
  form: Model,
  batches: readonly CalibrationBatch[],
  on: Surroundings,
): Promise<ChannelFactors> {
  const links = linksOf(form);
  if (links.length === 0) return new Map();
  const largest = new Map<string, Float64Array>();
  await observe(form, { ...on, batches, names: links.map(({ value }) => value) }, (name, { data, dims }) => {
    const channels = dims[1]!;
    const sizes = largest.get(name) ?? new Float64Array(channels);
    largest.set(name, sizes);
    const inner = sizeOf(dims.slice(2));
    for (let i = 0; i < data.length; i++) {
      const channel = Math.floor(i / inner) % channels;
      const size = Math.abs(data[i]!);
      // NaN is neither less nor more.
      if (!(size <= sizes[channel]!)) sizes[channel] = size;
    }
    return sizes.every(Number.isFinite);
  });
  return channelFactors(links, largest);
}

/**
 * Hands on values of a model, batch by batch.
 *
 * @param take returns whether the numbers are finite
 */
async function observe(
  model: Model,
  {
    runtime,
    threads,
    batches,
    names,
  }: Surroundings & { readonly batches: readonly CalibrationBatch[]; readonly names: readonly string[] },
  take: (name: string, value: CalibrationBatch) => boolean,
): Promise<void> {
  const input = onlyInput(model);
  const computed = names.filter((name) => name !== input);
  const { bytes, options } = sessionModel(withOutputs(model, computed));
  const session = await runtime.InferenceSession.create(bytes, {
    ...options,
    ...sessionOptions(threads, undefined),
  });
  try {
    for (const { data, dims } of batches) {
      const feed = new runtime.Tensor('float32', data, dims);
      const fetches = Object.fromEntries(computed.map((name) => [name, null]));
      const results = { ...(await session.run({ [input]: feed }, fetches)), [input]: feed };
      for (const name of names) {
        const { data: values, dims: shape } = results[name]!;
        if (take(name, { data: values as Float32Array, dims: shape })) continue;
        throw new OnnxGraphError(
          `value '${name}', which is not finite on a sample`,
          'finite activations',
          'check the weights of the model, and how it wants its samples.',
        );
      }
    }
  } finally {
    await session.release();
  }
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
