import { expect, test } from 'vitest';
import { CHECKER_PYTHON, runChecker } from './onnx-checker.ts';

/** Last test of a file: ONNX's own checker and shape inference accept the models that the tests before it made. */
export function checkerAcceptsAll(): void {
  test.skipIf(CHECKER_PYTHON === undefined)("ONNX's checker accepts every graph (needs python3-onnx)", () => {
    expect(runChecker()).toBeGreaterThan(0);
  });
}
