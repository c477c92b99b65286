import { tfjsBackend } from '@cf/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import { compareAll } from './compare.ts';

export const outcome = compareAll({ webgpu: () => tfjsBackend({ backend: 'webgpu' }) });
