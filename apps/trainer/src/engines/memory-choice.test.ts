import { expect, it } from 'vitest';
import { activationsOf, lowMemoryOfKernelsText, lowMemoryText } from './memory-choice.ts';

const LOW = { savedBytes: 3.5e9, checkpointedBytes: 2.6e9, keptBytesPerSample: 1e6, repeatedShare: 0.312 };

it('says what low memory gives and costs', () => {
  expect(lowMemoryText(LOW, 64)).toMatch(
    /about 900 MB less of 3\.5 GB at batches of 64, for about 31 % more operations \(estimated/,
  );
  expect(lowMemoryOfKernelsText({ ...LOW, kernels: 'oneDNN 2.6.3' }, 64)).toMatch(
    /900 MB less of 3\.5 GB at batches of 64; oneDNN 2\.6\.3 computes normalised/,
  );
});

it('checkpoints activations where memory is to be low', () => {
  expect([activationsOf('normal'), activationsOf('low')]).toEqual(['saved', 'checkpointed']);
});
