import { OnnxGraphError, type Refusals } from '../../errors.ts';
import { graphOf, inputsOf, type Model, type Shape } from '../../model/model.ts';
import { declaredShape, declaredType } from '../../model/value-info.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import type { TrainingForm } from './training-form.ts';

/** What a network takes and gives. */
export interface EmbeddingNetwork {
  /** The input of images. */
  readonly input: { readonly name: string; readonly shape: Shape | undefined };
  readonly embeddingSize: number | undefined;
}

/**
 * What a network of embeddings takes and gives.
 *
 * @param refusals takes in that it has not exactly one float32 input, or that its embeddings are not [B, d]
 */
export function embeddingNetwork(model: Model, form: TrainingForm, refusals: Refusals): EmbeddingNetwork {
  const values = new ValueTable(form.model);
  const [shape, type] = [values.shape(form.output), values.type(form.output)];
  if (type !== undefined && type !== 'float32')
    refusals.add(
      new OnnxGraphError(
        `output '${form.output}', which gives ${type}`,
        'embeddings of float32',
        'name another output.',
      ),
    );
  const [images] = inputsOf(graphOf(model));
  const rows = shape?.[0];
  const batch = images && declaredShape(images)?.[0];
  const isOfRows = typeof rows !== 'number' || rows <= 1 || rows === batch;
  if (shape !== undefined && !(shape.length === 2 && isOfRows))
    refusals.add(
      new OnnxGraphError(
        `output '${form.output}' of shape [${shape.map((dim) => dim ?? '?').join(', ')}]`,
        'embeddings [B, d]',
        'add a Flatten, or name another output.',
      ),
    );
  const size = shape?.[1];
  return { input: imageInput(model), embeddingSize: typeof size === 'number' ? size : undefined };
}

function imageInput(model: Model): EmbeddingNetwork['input'] {
  const inputs = inputsOf(graphOf(model));
  const [first, ...others] = inputs;
  if (first !== undefined && others.length === 0 && declaredType(first) === 'float32')
    return { name: first.name, shape: declaredShape(first) };
  throw new OnnxGraphError(
    `a model with inputs ${inputs.map((info) => `'${info.name}' (${declaredType(info) ?? '?'})`).join(', ') || 'none'}`,
    'one input, float32, of images',
    'make the others initializers.',
  );
}
