import { OnnxGraphError } from '../errors.ts';
import { intAttribute } from '../model/attributes.ts';
import { requireWeightsInside } from '../model/external-data.ts';
import { graphOf, isOperator, type Model, type Node, nodeName, unsupported } from '../model/model.ts';
import { opsetOf } from '../model/opset.ts';
import { GraphIndex } from '../passes/graph-index.ts';
import { upgradeModel } from '../upgrade/upgrade-model.ts';
import { countReaders, floats, foldedNormalizations, isPlainGemm } from './folded-normalizations.ts';

/** A layer that is computed in bytes. */
export interface QuantisedPlace {
  readonly node: Node;
  /** The activations that it reads. */
  readonly input: string;
  readonly weight: { readonly dims: readonly number[]; readonly data: Float32Array };
  readonly bias: Float32Array | undefined;
  /** Of the weights' output channels. */
  readonly axis: number;
  /** What it gives, where that becomes bytes as well: the value behind its Relu, if one follows. */
  readonly output: string | undefined;
}

/** The oldest opset in which weights have a scale for each channel. */
const OLDEST = 13;

/** A model as it is quantised: normalisations in the weights before them, and an opset that knows scales by channel. */
export function quantisableForm(model: Model): Model {
  requireWeightsInside(model);
  const refused = graphOf(model).node.find(({ opType }) =>
    /^(Q|Quantize|Dequantize)Linear|Integer$/.test(opType),
  );
  if (refused !== undefined)
    throw unsupported(refused, 'a model of float32', 'quantise the model that it was made from.');
  return foldedNormalizations(opsetOf(model) < OLDEST ? upgradeModel(model) : model);
}

/**
 * The layers of a model that are computed in bytes: convolutions and products with constant weights of float32.
 *
 * @param form of {@link quantisableForm}
 * @param keep names of layers that stay as they are
 * @throws OnnxGraphError where there is none, or a name is none of a layer
 */
export function quantisedPlaces(form: Model, keep: readonly string[] = []): readonly QuantisedPlace[] {
  const graph = graphOf(form);
  const index = new GraphIndex(graph);
  const readers = countReaders(graph);
  const found = graph.node.flatMap((node): QuantisedPlace[] => {
    const axis = channelAxis(node);
    const weight = axis === undefined ? undefined : floats(index, node.input[1]!);
    if (axis === undefined || weight === undefined || !fits(node, weight.dims)) return [];
    const bias = node.input[2] ? floats(index, node.input[2])?.data : undefined;
    const channels = weight.dims[axis]!;
    if (node.input[2] && bias?.length !== channels) return [];
    const [given] = node.output;
    const after =
      readers.get(given!) === 1 ? graph.node.find(({ input }) => input.includes(given!)) : undefined;
    const output = after !== undefined && isOperator(after, 'Relu') ? after.output[0]! : given!;
    return [
      {
        node,
        input: node.input[0]!,
        weight,
        bias,
        axis,
        output: isOperator(node, 'Conv') ? output : undefined,
      },
    ];
  });
  const names = found.map(({ node }) => nodeName(node));
  const unknown = keep.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new OnnxGraphError(
      `layer '${unknown}' to be kept`,
      `one of the ${names.length} that would be quantised`,
      `name one of: ${names.slice(0, 6).join(', ')}${names.length > 6 ? ' …' : ''}.`,
    );
  const places = found.filter(({ node }) => !keep.includes(nodeName(node)));
  if (places.length > 0) return places;
  throw new OnnxGraphError(
    'a model without a layer to quantise',
    'a Conv, a Gemm or a MatMul with constant weights of float32',
    'bring half precision to float32 first (toFloat32), and keep fewer layers.',
  );
}

/** A layer that is not computed in bytes. */
export interface FloatLayer {
  readonly name: string;
  /** Its operator, such as `PRelu`. */
  readonly kind: string;
}

/** Nodes with weights of float32, one number alone being none, that are not among the layers in bytes. */
export function floatLayers(form: Model, places: readonly QuantisedPlace[]): readonly FloatLayer[] {
  const graph = graphOf(form);
  const index = new GraphIndex(graph);
  const inBytes = new Set(places.map(({ node }) => node));
  const hasWeights = ({ input }: Node): boolean =>
    input.some((name) => (floats(index, name)?.data.length ?? 0) > 1);
  return graph.node
    .filter((node) => !inBytes.has(node) && hasWeights(node))
    .map((node) => ({ name: nodeName(node), kind: node.opType }));
}

function channelAxis(node: Node): number | undefined {
  if (isOperator(node, 'Conv')) return 0;
  if (isPlainGemm(node)) return intAttribute(node, 'transB', 0) !== 0 ? 0 : 1;
  return isOperator(node, 'MatMul') ? 1 : undefined;
}

/** Of products, weights have two dimensions. */
function fits(node: Node, dims: readonly number[]): boolean {
  return isOperator(node, 'Conv') ? dims.length >= 3 : dims.length === 2;
}
