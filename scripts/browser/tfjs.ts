import { tfjsBackend } from '@cf/tfjs';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgl';
import { compareAll } from './compare.ts';

setWasmPaths('/tfjs-wasm/');
export const outcome = compareAll({
  cpu: () => tfjsBackend({ backend: 'cpu' }),
  wasm: () => tfjsBackend({ backend: 'wasm' }),
  webgl: () => tfjsBackend({ backend: 'webgl' }),
});
