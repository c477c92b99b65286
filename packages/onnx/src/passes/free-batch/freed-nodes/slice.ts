import { createAttribute, intAttribute, intsAttribute } from '../../../model/attributes.ts';
import type { Node } from '../../../model/model.ts';
import { withFields } from '../../../model/with-fields.ts';
import { type Rewriting, sizes } from './rewriting.ts';

/** As far as a Slice goes where it takes all there is. */
const END = 2 ** 31 - 1;

/** Of batches that lie one behind the other, whole ones can be taken; where that is all, the end is open. */
export function freeSlice(context: Rewriting, node: Node): void {
  const x = node.input[0]!;
  const [batch, shape] = [context.axisOf(x), context.shapeOf(x)];
  const list = (name: string, i: number): readonly number[] | undefined =>
    intsAttribute(node, name) ?? context.integersOf(node.input[i] ?? '');
  const [starts, ends] = [list('starts', 1), list('ends', 2)];
  const axes = list('axes', 3) ?? starts?.map((_, i) => i);
  if (batch === undefined || shape === undefined || axes === undefined) {
    context.lose(node);
    return;
  }
  const at = axes.findIndex((axis) => (axis < 0 ? axis + shape.length : axis) === batch.axis);
  const total = shape[batch.axis]!;
  const place = (value: number | undefined): number =>
    value === undefined ? Number.NaN : Math.max(0, Math.min(value < 0 ? value + total : value, total));
  const [start, end] = [place(starts?.[at]), place(ends?.[at])];
  const isAll = start === 0 && end === total;
  const isFixed = node.input[2] === undefined || context.isConstantAt(node.input[2], at);
  if (at < 0 || (isAll && (ends![at]! >= END || !isFixed))) {
    context.keep(node, [batch]);
    return;
  }
  const whole = context.k * batch.factor;
  const [from, to] = [start / whole, end / whole];
  const isOfWhole = Number.isInteger(from) && Number.isInteger(to) && to > from && isFixed;
  const step = (list('steps', 4) ?? [])[at] ?? 1;
  const isOpen = isAll && step === 1;
  if (!isOfWhole || step !== 1 || starts === undefined || ends === undefined) {
    context.lose(node);
    return;
  }
  context.changed(node);
  if (isOpen && intsAttribute(node, 'ends') !== undefined) {
    const open = ends.map((value, i) => (i === at ? END : value));
    const attribute = node.attribute.map((each) =>
      each.name === 'ends' ? createAttribute('ends', { ints: open }) : each,
    );
    context.keep(withFields(node, { attribute }), [batch]);
    return;
  }
  if (node.input.length < 3) {
    context.lose(node);
    return;
  }
  const bound = (hint: string, values: readonly number[], blocks: number): string =>
    sizes(
      context,
      hint,
      values.map((value, i) =>
        i !== at ? value : blocks === 0 ? 0 : isOpen ? END : { ofBatch: blocks * batch.factor },
      ),
    );
  const input = [
    x,
    bound('batch/starts', starts, from),
    bound('batch/ends', ends, to),
    ...node.input.slice(3),
  ];
  context.keep(withFields(node, { input }), [{ ...batch, outer: to - from }]);
}

/** Parts of batches that lie one behind the other. */
export function freeSplit(context: Rewriting, node: Node): void {
  const x = node.input[0]!;
  const [batch, shape] = [context.axisOf(x), context.shapeOf(x)];
  const axis = intAttribute(node, 'axis', 0);
  if (batch === undefined || (axis < 0 ? axis + (shape?.length ?? 0) : axis) !== batch.axis) {
    const kept = batch === undefined ? ('mixes' as const) : context.outputAxis(node);
    if (kept === 'mixes') context.lose(node);
    else context.keep(node, [kept]);
    return;
  }
  const parts = node.output.length;
  const lengths = intsAttribute(node, 'split') ?? context.integersOf(node.input[1] ?? '');
  const isGiven = intsAttribute(node, 'split') !== undefined || (node.input[1] ?? '') !== '';
  const outers = isGiven
    ? lengths?.map((length) => length / (context.k * batch.factor))
    : new Array<number>(parts).fill(batch.outer / parts);
  if (!outers?.every((outer) => Number.isInteger(outer) && outer > 0)) {
    context.lose(node);
    return;
  }
  const outputs = outers.map((outer) => ({ ...batch, outer }));
  if (!isGiven) {
    context.keep(node, outputs);
    return;
  }
  context.changed(node);
  if (outers.every((outer) => outer === outers[0]) && context.opset < 18) {
    const attribute = node.attribute.filter(({ name }) => name !== 'split');
    context.keep(withFields(node, { attribute, input: [x] }), outputs);
  } else if (context.opset >= 13) {
    const split = sizes(
      context,
      'batch/split',
      outers.map((outer) => ({ ofBatch: outer * batch.factor })),
    );
    context.keep(withFields(node, { input: [x, split] }), outputs);
  } else context.lose(node);
}
