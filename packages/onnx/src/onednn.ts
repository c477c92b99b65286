export type {
  ForeignFunction,
  ForeignFunctions,
  ForeignLibrary,
} from './kernels/onednn/foreign-functions.ts';
export { oneDnnHeadProducts } from './kernels/onednn/head-products.ts';
export { type OneDnnOptions, oneDnnKernels } from './kernels/onednn/one-dnn-kernels.ts';
