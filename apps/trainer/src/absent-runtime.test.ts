import { expect, test } from 'vitest';
import { absentRuntime } from './absent-runtime.ts';

test('a runtime that is not there is told with what to set, and nothing else is', () => {
  for (const error of [
    Object.assign(new Error("Cannot find package 'onnxruntime-node' imported from /x/y.js\nmore"), {
      code: 'ERR_MODULE_NOT_FOUND',
    }),
    Object.assign(new Error("Cannot find module '../bin/napi-v6/linux/x64/onnxruntime_binding.node'"), {
      code: 'MODULE_NOT_FOUND',
    }),
    Object.assign(new Error('libonnxruntime.so.1: cannot open /x/onnxruntime_binding.node'), {
      code: 'ERR_DLOPEN_FAILED',
    }),
  ])
    expect(absentRuntime(error)).toMatch(
      /^onnxruntime-node can't be loaded \([^\n]+\)\nFix: .*ONNXRUNTIME_NODE_INSTALL=skip set/,
    );
  const other = Object.assign(new Error("Cannot find package 'yaml'"), { code: 'ERR_MODULE_NOT_FOUND' });
  for (const error of [other, new Error('onnxruntime-node'), 'text', 0])
    expect(absentRuntime(error)).toBeUndefined();
});
