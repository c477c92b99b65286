import { BackendError } from '@cf/core';
import { expect, test } from 'vitest';
import { registerTrainingKernels } from './register.ts';

test('without the wasm backend, an error says which package brings it', () => {
  expect(() => registerTrainingKernels('wasm')).toThrow(BackendError);
  expect(() => registerTrainingKernels('wasm')).toThrow(
    /'wasm' \(not registered\).*import .*@tensorflow\/tfjs-backend-wasm/s,
  );
});
