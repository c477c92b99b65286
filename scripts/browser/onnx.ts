import { onnxBackend } from '@cf/onnx';
import * as runtime from 'onnxruntime-web/wasm';
import * as webgpu from 'onnxruntime-web/webgpu';
import { compareAll } from './compare.ts';

runtime.env.wasm.wasmPaths = '/onnxruntime/';
webgpu.env.wasm.wasmPaths = '/onnxruntime/';
export const outcome = compareAll({
  wasm: () => onnxBackend({ runtime, provider: 'wasm', threads: 1 }),
  webgpu: () => onnxBackend({ runtime: webgpu, provider: 'webgpu' }),
});
