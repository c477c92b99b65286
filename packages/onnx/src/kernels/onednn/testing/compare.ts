import koffi from 'koffi';
import { gradient } from '../../../gradient/gradient.ts';
import { sizeOf } from '../../../model/dims.ts';
import { graphOf, type Model } from '../../../model/model.ts';
import type { TensorData } from '../../../model/tensor.ts';
import type { TrainingForm } from '../../../passes/training-form/training-form.ts';
import { openModel, type Values } from '../../../testing/run-model.ts';
import { upgradeModel } from '../../../upgrade/upgrade-model.ts';
import type { OneDnnApi } from '../api.ts';
import { Network } from '../network.ts';
import { networkProgram } from '../network-program.ts';
import { openOneDnn } from '../open-one-dnn.ts';

/** oneDNN, where this machine has it. `CF_ONEDNN` names the file of another one. */
export const oneDnn: OneDnnApi | undefined = openIfThere();

/** What a name of a test says where it is not. */
export const needsOneDnn: string = oneDnn === undefined ? ' (needs oneDNN)' : '';

/** A model whose inputs are to be differentiated by. */
export interface Differentiated {
  readonly model: Model;
  readonly of: string;
  readonly wrt: readonly string[];
  readonly inputs: Values;
}

/** An output, and gradients of Σ seed · output by the names of inputs. */
export interface Computed {
  readonly output: Float32Array;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

function openIfThere(): OneDnnApi | undefined {
  const path = process.env.CF_ONEDNN;
  if (path !== undefined) return openOneDnn(koffi, path);
  try {
    return openOneDnn(koffi);
  } catch {
    return undefined;
  }
}

/**
 * What oneDNN makes of a model.
 *
 * @throws UnsupportedOperatorError where it does not know a node
 */
export async function byOneDnn(
  api: OneDnnApi,
  { model, of, wrt, inputs }: Differentiated,
  seed: Float32Array,
  keepsAll: boolean = true,
): Promise<Computed> {
  const parameters = wrt.map((name) => ({ name, kind: 'weight' as const, dims: inputs[name]!.dims }));
  const form: TrainingForm = {
    model: upgradeModel(model),
    output: of,
    parameters,
    frozen: [],
    statistics: [],
    masks: [],
  };
  const [first] = graphOf(form.model).input;
  const network = new Network(form, first!.name, inputs[first!.name]!.dims);
  const written = networkProgram(api, network, keepsAll);
  const { program } = written;
  try {
    const output = new Float32Array(seed.length);
    for (const { value, data } of written.constants) program.hand(value, data);
    for (const [name, value] of written.inputs) program.hand(value, inputs[name]!.data as Float32Array);
    program.hand(written.output, output);
    program.hand(written.seed, seed);
    const gradients = new Map(
      parameters.map(({ name, dims }) => [name, new Float32Array(sizeOf(dims))] as const),
    );
    for (const [name, value] of written.gradients) program.hand(value, gradients.get(name)!);
    await program.run(0, written.middle);
    await program.run(written.middle, written.end);
    return { output, gradients };
  } finally {
    program.release();
  }
}

/** What the graphs of onnxruntime make of it, which central differences prove elsewhere. */
export async function byGraphs(
  { model, of, wrt, inputs }: Differentiated,
  seedOf: (output: TensorData) => Float32Array,
): Promise<Computed> {
  const result = gradient(upgradeModel(model), { of, wrt, seed: 'seed' });
  const [forward, backward] = [await openModel(model), await openModel(result.model)];
  try {
    const output = (await forward.run(inputs))[of]!;
    const seed = { ...output, data: seedOf(output) } as TensorData;
    const results = await backward.run({ ...inputs, seed });
    return {
      output: output.data as Float32Array,
      gradients: new Map(
        wrt.map((name) => [name, results[result.gradients.get(name)!]!.data as Float32Array]),
      ),
    };
  } finally {
    await forward.release();
    await backward.release();
  }
}

/** The largest difference, relative to the largest number. */
export function worst(of: Float32Array, expected: Float32Array): number {
  if (of.length !== expected.length) return Number.POSITIVE_INFINITY;
  const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-6);
  return (
    of.reduce((largest, value, i) => {
      const apart = Math.abs(value - expected[i]!);
      return Math.max(largest, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart);
    }, 0) / most
  );
}
