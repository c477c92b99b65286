import type { Model } from '../model/model.ts';
import { inOrder } from './in-order.ts';
import { inlineBranches } from './inline-branches.ts';
import { inlineFunctions } from './inline-functions.ts';
import { inlineSequences } from './inline-sequences.ts';
import { writeOut } from './written-out/write-out.ts';

/**
 * The model in standard operators that gradients go through, in its own opset: nodes stand in order, calls of its
 * functions, branches of If that are known to be taken and rounds of Loop of which there is a known number are inlined,
 * lists of tensors become their tensors, and operators that others are made of are written out. Where nothing of this is
 * there, it is the same object.
 *
 * @param known the model with what may be taken as known of its shapes, such as one whose batch is free
 * @throws OnnxGraphError for two values of one name
 * @throws UnsupportedOperatorError naming what can't be inlined or written out
 */
export function standardForm(model: Model, known?: (model: Model) => Model): Model {
  const whole = inlineFunctions(inOrder(model));
  const inlined = inlineBranches(whole, known?.(whole));
  return writeOut(inlineSequences(inlined));
}
