import { UnknownNameError } from '@cf/core';
import type { Backbone, BackboneOptions } from './backbone.ts';
import { type IresnetDepth, iresnet } from './iresnet.ts';
import { mobileFaceNet } from './mobile-face-net.ts';
import { tinyIresnet } from './tiny-iresnet.ts';

/** Name of a backbone. */
export type BackboneName = 'tiny-iresnet' | 'mobilefacenet' | `iresnet${IresnetDepth}`;

const BACKBONES: Readonly<Record<BackboneName, (options: BackboneOptions) => Backbone>> = {
  'tiny-iresnet': tinyIresnet,
  mobilefacenet: mobileFaceNet,
  iresnet18: (options) => iresnet({ ...options, depth: 18 }),
  iresnet34: (options) => iresnet({ ...options, depth: 34 }),
  iresnet50: (options) => iresnet({ ...options, depth: 50 }),
  iresnet100: (options) => iresnet({ ...options, depth: 100 }),
};

/** Names of all backbones. */
export const BACKBONE_NAMES: readonly BackboneName[] = Object.keys(BACKBONES) as BackboneName[];

/**
 * A backbone by its name.
 *
 * @throws UnknownNameError if there is none of that name
 * @throws OptionOutOfRangeError if a setting is outside its range
 */
export function backbone(name: BackboneName, options: BackboneOptions = {}): Backbone {
  if (!Object.hasOwn(BACKBONES, name)) throw new UnknownNameError('backbone', name, BACKBONE_NAMES);
  return BACKBONES[name](options);
}
