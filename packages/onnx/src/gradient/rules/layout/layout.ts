import type { Rules } from '../../rule.ts';
import { cast } from './cast.ts';
import { concat } from './concat.ts';
import { depthToSpace, spaceToDepth } from './depth-to-space.ts';
import { expand } from './expand.ts';
import { identity } from './identity.ts';
import { pad } from './pad.ts';
import { reshape } from './reshape.ts';
import { resize } from './resize.ts';
import { split } from './split.ts';
import { tile } from './tile.ts';
import { transpose } from './transpose.ts';

/** The same numbers in another shape, order, type or number. */
export const layout: Rules = {
  Cast: cast,
  CastLike: cast,
  Concat: concat,
  DepthToSpace: depthToSpace,
  Expand: expand,
  Flatten: reshape,
  Identity: identity,
  Pad: pad,
  Reshape: reshape,
  Resize: resize,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Squeeze: reshape,
  Tile: tile,
  Transpose: transpose,
  Unsqueeze: reshape,
};
