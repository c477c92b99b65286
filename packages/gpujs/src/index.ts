export { GPUJS_MODES, type GpujsMode, type GpujsOptions, gpujsBackend } from './gpujs-backend.ts';
export { type FormulaSource, type OtherOutput, otherSource } from './kernels/formula-source.ts';
export { type HeadKernels, headKernels } from './kernels/head-kernels.ts';
export type { KernelOutput, KernelSource, TileShape } from './kernels/kernel-source.ts';
export type { NegativeKernels } from './kernels/negative-kernels.ts';
