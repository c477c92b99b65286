import { type OptionNames, requireChoice, requireKnownOptions } from '@cf/core';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxGraphError } from '../errors.ts';
import type { ElementType } from '../model/element-type.ts';
import { graphOf, type Model, nodeName } from '../model/model.ts';
import { withFields } from '../model/with-fields.ts';
import type { Calibration } from './calibrate.ts';
import { equalised } from './equalised.ts';
import { withoutUnreadConstants } from './folded-normalizations.ts';
import { type LinearScale, linearScale } from './linear-scale.ts';
import {
  type FloatLayer,
  floatLayers,
  type QuantisedPlace,
  quantisableForm,
  quantisedPlaces,
} from './quantised-places.ts';
import { quantisedWeights, type WeightType } from './quantised-weights.ts';

export interface QuantiseOptions {
  /** Of the same model, by {@link calibrate}. */
  readonly calibration: Calibration;
  /**
   * `uint8` by default, whose sums every processor takes exactly. Convolutions in `int8` are quicker on processors with VNNI;
   * on those with AVX2 alone the sum of two products may be cut off at 16 bits.
   */
  readonly weights?: WeightType;
  /** Names of layers that stay in float32. */
  readonly keep?: readonly string[];
}

/** A model in bytes. */
export interface QuantisedModel {
  readonly model: Model;
  /** Names of the layers that are computed in bytes. */
  readonly layers: readonly string[];
  /** Layers with weights that stay in float32, such as normalisations that follow no convolution, and slopes. */
  readonly floatLayers: readonly FloatLayer[];
}

const OPTIONS: OptionNames<QuantiseOptions> = { calibration: true, weights: true, keep: true };

/**
 * A model whose convolutions and products with constant weights are computed in bytes: activations in uint8, each with one
 * scale, and weights with a scale for each output channel, between QuantizeLinear and DequantizeLinear, which runtimes make
 * one operator of. Everything else stays float32: sums of branches, slopes, and normalisations that follow no layer.
 *
 * @throws OnnxGraphError where nothing can be quantised, or the calibration is of another model; UnsupportedOperatorError
 * for one that is quantised already
 */
export function quantise(model: Model, options: QuantiseOptions): QuantisedModel {
  requireKnownOptions('quantise', options, OPTIONS);
  const { calibration, weights = 'uint8', keep } = options;
  requireChoice('weights', weights, ['uint8', 'int8']);
  const form = equalised(quantisableForm(model), calibration.factors);
  const places = quantisedPlaces(form, keep);
  const writer = new QuantisedWriter(form, calibration, weights);
  const built = writer.write(places);
  return {
    model: withFields(built, { graph: withoutUnreadConstants(graphOf(built)) }),
    layers: places.map(({ node }) => nodeName(node)),
    floatLayers: floatLayers(form, places),
  };
}

class QuantisedWriter {
  readonly #graph: GraphBuilder;
  readonly #form: Model;
  readonly #calibration: Calibration;
  readonly #weights: WeightType;
  /** What each value is called behind its bytes. */
  readonly #behind = new Map<string, string>();

  constructor(form: Model, calibration: Calibration, weights: WeightType) {
    this.#form = form;
    this.#graph = GraphBuilder.rewrite(form);
    this.#calibration = calibration;
    this.#weights = weights;
  }

  write(places: readonly QuantisedPlace[]): Model {
    const byNode = new Map(places.map((place) => [place.node, place]));
    // A value that becomes bytes as it is made has its own name behind them.
    const made = new Set(places.flatMap(({ output }) => output ?? []));
    for (const node of graphOf(this.#form).node) {
      const place = byNode.get(node);
      const input = place === undefined ? node.input : this.#inputs(place);
      const renamed = node.output.map((name) =>
        made.has(name) ? this.#graph.uniqueName(`${name}/float`) : name,
      );
      this.#graph.add(withFields(node, { input, output: renamed }));
      for (const [i, name] of node.output.entries())
        if (made.has(name)) this.#throughBytes(renamed[i]!, name, this.#scaleOf(name));
    }
    return this.#graph.build();
  }

  #inputs({ node, input, weight, bias, axis }: QuantisedPlace): string[] {
    const scale = this.#scaleOf(input);
    const x = this.#behind.get(input) ?? this.#throughBytes(input, undefined, scale);
    const quantised = quantisedWeights(weight.data, {
      dims: weight.dims,
      axis,
      type: this.#weights,
      bias,
      inputScale: scale.scale,
    });
    const name = nodeName(node);
    const channels = quantised.scales.length;
    const of = (hint: string, scales: Float32Array, zero: string, bytes: string, along: number): string =>
      this.#graph.op(
        'DequantizeLinear',
        [
          bytes,
          this.#graph.constant({ type: 'float32', dims: [channels], data: scales }, `${name}/${hint}_scale`),
          zero,
        ],
        { axis: { int: along } },
      );
    const zeros = this.#list(this.#weights, channels, quantised.zeroPoint, `${name}/weight_zero`);
    const w = of(
      'weight',
      quantised.scales,
      zeros,
      this.#graph.constant(quantised.bytes, `${name}/weight_bytes`),
      axis,
    );
    if (quantised.bias === undefined) return [x, w];
    const steps = this.#graph.constant(
      { type: 'int32', dims: [channels], data: quantised.bias },
      `${name}/bias_steps`,
    );
    const zero = this.#list('int32', channels, 0, `${name}/bias_zero`);
    return [
      x,
      w,
      of(
        'bias',
        quantised.scales.map((s) => s * scale.scale),
        zero,
        steps,
        0,
      ),
    ];
  }

  #list(type: 'uint8' | 'int8' | 'int32', length: number, value: number, name: string): string {
    const arrays = { uint8: Uint8Array, int8: Int8Array, int32: Int32Array } as const satisfies Partial<
      Record<ElementType, unknown>
    >;
    const data = new arrays[type](length).fill(value);
    return this.#graph.constant(
      { type, dims: [length], data } as Parameters<GraphBuilder['constant']>[0],
      name,
    );
  }

  /** @returns the name of the value behind its bytes */
  #throughBytes(value: string, name: string | undefined, { scale, zeroPoint }: LinearScale): string {
    const known = name ?? value;
    const by = [
      this.#graph.constant({ type: 'float32', dims: [], data: Float32Array.of(scale) }, `${known}/scale`),
      this.#graph.constant({ type: 'uint8', dims: [], data: Uint8Array.of(zeroPoint) }, `${known}/zero`),
    ];
    const bytes = this.#graph.op('QuantizeLinear', [value, ...by]);
    const behind = name ?? this.#graph.uniqueName(`${value}/quantised`);
    this.#graph.op('DequantizeLinear', [bytes, ...by], {}, { outputs: [behind] });
    this.#behind.set(known, behind);
    return behind;
  }

  #scaleOf(value: string): LinearScale {
    const range = this.#calibration.ranges.get(value);
    if (range !== undefined) return linearScale(range);
    throw new OnnxGraphError(
      `a calibration without value '${value}'`,
      'that of the model which is quantised',
      'calibrate this model, and quantise it as it was then.',
    );
  }
}
