/** Networks that are built here, with the length d of their embedding. */
export const BACKBONE_DIMS = {
  'tiny-iresnet': 256,
  mobilefacenet: 128,
  iresnet18: 512,
  iresnet34: 512,
  iresnet50: 512,
  iresnet100: 512,
} as const;

/** A backbone that is built here. */
export type BackboneName = keyof typeof BACKBONE_DIMS;

/** Backbones that are built here, by name. */
export const BACKBONES: readonly BackboneName[] = Object.keys(BACKBONE_DIMS) as BackboneName[];
