export { GPUJS_MODES, type GpujsMode, type GpujsOptions, gpujsBackend } from './gpujs-backend.ts';
export type { ExponentKernels } from './kernels/exponent-kernels.ts';
export {
  type FormulaSource,
  type NegativeInput,
  type NegativeOutput,
  type NegativeSumOutput,
  negativeSource,
  type TargetOutput,
  targetSource,
  targetValueNames,
} from './kernels/formula-source.ts';
export { type HeadKernels, headKernels } from './kernels/head-kernels.ts';
export type { KernelSource, Sizes, TileShape } from './kernels/kernel-source.ts';
export type { NegativeKernels } from './kernels/negative-kernels.ts';
export {
  type CosineGradientArguments,
  type CosineSizes,
  createCenterGradientKernel,
  createCosineKernel,
  createEmbeddingGradientKernel,
  createInverseNormKernel,
} from './pieces/cosine.ts';
export {
  type CrossEntropyOptions,
  createCrossEntropyGradientKernel,
  createCrossEntropyKernel,
} from './pieces/cross-entropy.ts';
export {
  createMarginKernel,
  createMarginSlopeKernel,
  createPivotKernel,
  type MarginArguments,
} from './pieces/margin.ts';
export {
  createHardMaskKernel,
  createModulationKernel,
  createModulationSlopeKernel,
  type ModulationArguments,
  type PairSizes,
} from './pieces/modulation.ts';
export type {
  KernelArgument,
  KernelMatrix,
  KernelVector,
  LossPieceFactory,
  PieceFactory,
  PieceKernel,
  PieceOptions,
} from './pieces/piece-kernel.ts';
