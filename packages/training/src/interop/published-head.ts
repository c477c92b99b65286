import {
  checkState,
  initialState,
  OptionOutOfRangeError,
  requireChoice,
  requireFiniteTensor,
  StateMismatchError,
  UnknownNameError,
} from '@cf/core';
import type { NamedTensor, NamedTensors } from '../learner/named-tensors.ts';
import { classCount } from '../loop/samples.ts';
import { type FirstStateOptions, firstHeadState, type HeadState } from '../loop/training-state.ts';

/**
 * What published heads in PyTorch call their class centers, and how they lay them out: `kernel` [d, C] as the releases of
 * CurricularFace and AdaFace, `weight` [C·K, d] as those of ArcFace and CosFace, row c·K + k sub-center k of class c.
 */
export type PublishedCenters = 'kernel' | 'weight';

const CENTERS: readonly PublishedCenters[] = ['kernel', 'weight'];

/** What releases call the state of their losses, where that is another name: the buffers of AdaFace. t is called t. */
const PUBLISHED_NAMES: Readonly<Record<string, string>> = { batchMean: 'batch_mean', batchStd: 'batch_std' };

const publishedName = (name: string): string => PUBLISHED_NAMES[name] ?? name;

/**
 * A head by the names of published PyTorch modules: class centers as `kernel` or `weight`, `bias` where the loss has one, `t`
 * [1], AdaFace's `batch_mean` and `batch_std` [1], and what other losses carry by its own name, [1] or [C]. To be written as
 * safetensors, and given to `load_state_dict`. All in the precision of the class centers; the count of steps is left out.
 *
 * @throws OptionOutOfRangeError for `kernel` with several centers a class, which no release has
 */
export function publishedHead(
  state: Pick<HeadState, 'centers' | 'classBias' | 'classes' | 'subCenters' | 'lossState'>,
  as: PublishedCenters,
): NamedTensors {
  requireChoice('as', as, CENTERS);
  const { centers, classBias, subCenters, lossState } = state;
  if (as === 'kernel' && subCenters > 1) {
    const expected = '"weight" with several centers a class';
    throw new OptionOutOfRangeError('as', as, expected, 'take weight, which has their rows.');
  }
  const rows = classCount(state) * subCenters;
  const dim = centers.values.length / rows;
  const FloatArrayOf = centers.values instanceof Float32Array ? Float32Array : Float64Array;
  const { step: _, ...values } = lossState.values;
  const carried = Object.entries({ ...values, ...lossState.classValues }).map(([name, value]) => {
    const data = FloatArrayOf.from([value].flat());
    return [publishedName(name), { shape: [data.length], data }] as const;
  });
  return new Map<string, NamedTensor>([
    as === 'weight'
      ? ['weight', { shape: [rows, dim], data: centers.values.slice() }]
      : ['kernel', { shape: [dim, rows], data: transposed(centers.values, rows, dim) }],
    ...(classBias === undefined
      ? []
      : [['bias', { shape: [classBias.values.length], data: classBias.values.slice() }] as const]),
    ...carried,
  ]);
}

/**
 * The state of a head before the first step, with the class centers, the bias and the loss's state of a published PyTorch
 * module, whose tensors have the names that {@link publishedHead} gives. Optimiser and count of steps start anew.
 *
 * @throws StateMismatchError for a tensor that is missing or of another shape: class centers tell whether they lie the other
 * way round, are of another length, or of another number of classes; UnknownNameError for a tensor that nobody reads;
 * NonFiniteError; OptionOutOfRangeError for a value outside its range, such as t; else as a first state
 */
export function headOfPublished(tensors: NamedTensors, options: FirstStateOptions): HeadState {
  const { loss, embeddingSize, subCenters = 1 } = options;
  const first = firstHeadState(options);
  const classes = classCount(options);
  const rows = classes * subCenters;
  const as = CENTERS.find((name) => tensors.has(name)) ?? 'weight';
  const isKernel = as === 'kernel';
  const { step, ...values } = initialState(loss).values;
  const scalars = Object.keys(values);
  const ofClasses = Object.keys(loss.initialClassValues);
  const known = [as, ...(first.classBias ? ['bias'] : []), ...[...scalars, ...ofClasses].map(publishedName)];
  for (const name of tensors.keys())
    if (!known.includes(name)) throw new UnknownNameError(`tensor of a head of ${loss.name}`, name, known);
  const given = centersOf(tensors, as, { classes, subCenters, dim: embeddingSize });
  requireFiniteTensor(as, given);
  first.centers.values.set(isKernel ? transposed(given, embeddingSize, rows) : given);
  first.classBias?.values.set(tensorOf(tensors, 'bias', [first.classBias.values.length]));
  const scalar = (name: string): number => tensorOf(tensors, publishedName(name), [1])[0]!;
  const table = (name: string): number[] => Array.from(tensorOf(tensors, publishedName(name), [classes]));
  const lossState = {
    loss: loss.name,
    values: { step: step!, ...Object.fromEntries(scalars.map((name) => [name, scalar(name)])) },
    ...(ofClasses.length > 0 && {
      classValues: Object.fromEntries(ofClasses.map((name) => [name, table(name)])),
    }),
  };
  return { ...first, lossState: checkState(loss, lossState) };
}

/** What class centers are of. */
interface CentersSize {
  readonly classes: number;
  readonly subCenters: number;
  readonly dim: number;
}

/** The class centers, as they lie. @throws StateMismatchError that names what of their shape is another */
function centersOf(
  tensors: NamedTensors,
  as: PublishedCenters,
  { classes, subCenters, dim }: CentersSize,
): NamedTensor['data'] {
  const rows = classes * subCenters;
  const shape = as === 'kernel' ? [dim, rows] : [rows, dim];
  const tensor = tensors.get(as);
  if (tensor === undefined || tensor.shape.length !== 2 || tensor.shape.join() === shape.join())
    return tensorOf(tensors, as, shape);
  const other = CENTERS.find((name) => name !== as)!;
  const [first, second] = tensor.shape as [number, number];
  const shown = `'${as}' [${first}, ${second}]`;
  const expected = `'${as}' [${shape.join(', ')}]`;
  if (first === shape[1] && second === shape[0])
    throw new StateMismatchError(
      `${shown}, the other way round`,
      expected,
      `transpose it, or call it '${other}', if that is how it lies.`,
    );
  const [givenDim, givenRows] = as === 'kernel' ? [first, second] : [second, first];
  if (givenDim !== dim)
    throw new StateMismatchError(
      `class centers of length ${givenDim}: ${shown}`,
      `length ${dim}, as the embeddings have it: ${expected}`,
      `give a head that was trained on embeddings of length ${dim}.`,
    );
  const centers = subCenters === 1 ? '' : ` with ${subCenters} centers each`;
  throw new StateMismatchError(
    `${givenRows} class centers: ${shown}`,
    `${classes} classes${centers}: ${expected}`,
    'give a head of the same classes, in the order of the labels.',
  );
}

/** A buffer of one number may be a scalar, []. */
function tensorOf(tensors: NamedTensors, name: string, shape: readonly number[]): NamedTensor['data'] {
  const tensor = tensors.get(name);
  const expected = `'${name}' [${shape.join(', ')}]`;
  const isScalar = tensor?.shape.length === 0 && shape.join() === '1';
  if (tensor !== undefined && (isScalar || tensor.shape.join() === shape.join())) return tensor.data;
  throw new StateMismatchError(
    tensor === undefined ? `no tensor '${name}'` : `'${name}' [${tensor.shape.join(', ')}]`,
    expected,
    'give the tensors of a head of the same loss, classes and length of embeddings.',
  );
}

/** [rows, columns] → [columns, rows]. */
function transposed<Values extends NamedTensor['data']>(
  values: Values,
  rows: number,
  columns: number,
): Values {
  const out = values.slice() as Values;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]!;
  return out;
}
