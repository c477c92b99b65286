import { intAttribute } from '../../model/attributes.ts';
import { headsOf } from './multi-head-attention.ts';
import type { WrittenOut } from './writing.ts';

/**
 * Pairs of features turned by an angle of their position (Su et al. 2021): (a, b) ↦ (a · cos − b · sin, a · sin + b ·
 * cos), where a and b are halves of a head, or neighbours where `interleaved`.
 */
export const rotaryEmbedding: WrittenOut = (writing) => {
  const { node } = writing;
  const isFlat = writing.rank(writing.input(0)) === 3;
  const heads = intAttribute(node, 'num_heads', 0);
  if (isFlat && heads === 0) throw writing.refuse('num_heads, where X has three axes');
  const x = isFlat ? headsOf(writing, writing.input(0), heads) : writing.input(0);
  const turned = intAttribute(node, 'rotary_embedding_dim', 0);
  const isPartial = turned > 0 && turned !== writing.shape(x)?.[3];
  const part = isPartial ? writing.slice(x, 3, 0, turned) : x;
  const isInterleaved = intAttribute(node, 'interleaved', 0) !== 0;
  // Caches are [positions, d / 2] with ids of positions [B, S], or [B, S, d / 2].
  const cache = (index: number): string => {
    const rows = writing.has(3)
      ? writing.op('Gather', [writing.input(index), writing.input(3)])
      : writing.input(index);
    return writing.unsqueeze(rows, 1);
  };
  const [cos, sin] = [cache(1), cache(2)];
  const half = writing.size(writing.input(1), -1);
  const [a, b] = isInterleaved
    ? [0, 1].map((from) => writing.slice(part, 3, from, 2 * half, 2))
    : writing.split(part, 3, [half, half]);
  const times = (u: string, v: string): string => writing.op('Mul', [u, v]);
  const first = writing.op('Sub', [times(a!, cos), times(b!, sin)]);
  const second = writing.op('Add', [times(a!, sin), times(b!, cos)]);
  const joined = isInterleaved
    ? writing.reshape(
        writing.op('Concat', [writing.unsqueeze(first, 4), writing.unsqueeze(second, 4)], {
          axis: { int: 4 },
        }),
        0,
        0,
        0,
        2 * half,
      )
    : writing.op('Concat', [first, second], { axis: { int: 3 } });
  const whole = isPartial
    ? writing.op('Concat', [joined, writing.slice(x, 3, turned, Number.MAX_SAFE_INTEGER)], {
        axis: { int: 3 },
      })
    : joined;
  if (!isFlat) writing.give(0, 'Identity', [whole]);
  else writing.give(0, 'Reshape', [writing.transpose(whole, [0, 2, 1, 3]), writing.integers(0, 0, -1)]);
};
