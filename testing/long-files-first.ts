import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take long for their size, the longest first. */
export const LONG: readonly string[] = [
  'packages/onnx/src/runtime/onnxruntime-web.test.ts',
  'packages/onnx/src/head/onnx-backend.test.ts',
  'packages/gpujs/src/conformance.test.ts',
  'packages/onnx/src/head/onnx-backend.webgpu.test.ts',
  'apps/trainer/src/cli.device.test.ts',
  'apps/trainer/src/engines/engines.test.ts',
  'packages/tfjs/src/backend/browser.test.ts',
  'packages/tfjs/src/backend/webgpu-in-node.test.ts',
  'packages/gpujs/src/chromium.test.ts',
];

/** The order of vitest, but for those: what begins last and takes long keeps one worker busy while the others rest. */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
