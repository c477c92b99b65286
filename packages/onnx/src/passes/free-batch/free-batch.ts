import { OnnxGraphError } from '../../errors.ts';
import { graphOf, type Model } from '../../model/model.ts';
import { declaredShape } from '../../model/value-info.ts';
import type { Note } from '../note.ts';
import { BatchFreeing } from './batch-freeing.ts';

/**
 * The model with a free first axis of its input: constants that hold the batch (in Reshape, Expand, Resize, beside a
 * class token, in initial states) take it from the input.
 *
 * @throws OnnxGraphError naming the node at which samples are joined, where the file fixes the batch
 */
export function freeBatch(
  model: Model,
  input: string,
  output: string,
): { readonly model: Model; readonly notes: readonly Note[] } {
  const info = graphOf(model).input.find(({ name }) => name === input)!;
  const first = declaredShape(info)?.[0];
  if (declaredShape(info) === undefined) return { model, notes: [] };
  const batch = { input, output, first };
  try {
    return new BatchFreeing(model, batch).run();
  } catch (error) {
    if (!(error instanceof OnnxGraphError) || !(typeof first === 'number' && first > 1)) throw error;
    // What an exporter repeated for each sample, such as learnt queries, may be what does not fit.
    return attempted(() => new BatchFreeing(model, { ...batch, repeats: true }).run(), error);
  }
}

function attempted<T>(work: () => T, otherwise: OnnxGraphError): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof OnnxGraphError ? otherwise : error;
  }
}
