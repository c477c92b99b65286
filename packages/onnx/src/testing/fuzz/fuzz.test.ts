import { expect, test } from 'vitest';
import { corpus } from './corpus.ts';
import { drawOf, mutant } from './mutate.ts';
import { tryFile } from './try-file.ts';

test('what stands in the way of a mutated file is always said by an error of this project', () => {
  const files = corpus();
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 1500; seed++) {
    try {
      outcomes.add(tryFile(mutant(files, drawOf(seed)), seed % 10 === 0));
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  expect(outcomes).toContain('trains');
  expect(outcomes).toContain('E_ONNX_FILE');
});
