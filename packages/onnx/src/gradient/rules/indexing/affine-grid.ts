import { intAttribute } from '../../../model/attributes.ts';
import { ints } from '../../int-vector.ts';
import { ofFirst, type Rule } from '../../rule.ts';

/** Y = θ · (place, 1) at every place of a picture: ∂θ = ∂Yᵀ · (place, 1), where the places are what θ = (1, 0) gives. */
export const affineGrid: Rule = ofFirst((call) => {
  const { graph, node, x, dy } = call;
  const axes = call.rank(dy) - 2;
  const size = call.input(1);
  const sides = graph.op('Slice', [size, graph.integers(ints(1)), graph.integers(ints(axes + 2))]);
  const one = graph.op('Concat', [graph.integers(ints(1)), sides], { axis: { int: 0 } });
  const square = graph.op('ConstantOfShape', [graph.integers(ints(1, axes, axes + 1))]);
  const rows = graph.reshape(square, ints(axes, axes + 1));
  const same = graph.unsqueeze(graph.cast(graph.op('EyeLike', [rows]), x), 0);
  const places = graph.op('AffineGrid', [same, one], {
    align_corners: { int: intAttribute(node, 'align_corners', 0) },
  });
  const flat = graph.reshape(places, ints(1, -1, axes));
  const full = graph.op('Pad', [flat, graph.integers(ints(0, 0, 0, 0, 0, 1)), graph.scalar(1, x)]);
  const arrived = graph.transpose(graph.op('Reshape', [dy, graph.integers(ints(0, -1, axes))]), [0, 2, 1]);
  return graph.op('MatMul', [arrived, full]);
});
