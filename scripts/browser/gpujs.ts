import { gpujsBackend } from '@cf/gpujs';
import { compareAll } from './compare.ts';

export const outcome = compareAll({
  cpu: () => gpujsBackend({ mode: 'cpu' }),
  webgl2: () => gpujsBackend({ mode: 'webgl2' }),
  webgpu: () => gpujsBackend({ mode: 'webgpu' }),
});
