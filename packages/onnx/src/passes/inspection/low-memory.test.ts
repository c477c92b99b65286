import { tinyIresnet } from '@cf/backbones';
import { expect, test } from 'vitest';
import { onnxModel } from '../../backbones/onnx-model.ts';
import { lowMemory } from './low-memory.ts';

test('a deeper network gains more, for at most the way forward once more', () => {
  const model = onnxModel(tinyIresnet({ weights: 'zeros' }));
  const [small, large] = [lowMemory(model, { batch: 4 }), lowMemory(model, { batch: 64 })];
  for (const { savedBytes, checkpointedBytes, repeatedShare } of [small, large]) {
    expect(checkpointedBytes).toBeLessThan(savedBytes);
    expect(repeatedShare).toBeGreaterThan(0.15);
    expect(repeatedShare).toBeLessThanOrEqual(1 / 3);
  }
  expect(large.keptBytesPerSample).toBeCloseTo(small.keptBytesPerSample, 6);
  const saved = ({ savedBytes, checkpointedBytes }: typeof small): number => savedBytes - checkpointedBytes;
  expect(saved(large) / saved(small)).toBeCloseTo(16, 3);
});
