import { StateMismatchError } from '@cf/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkpointOf } from './checkpoint.ts';
import { type ClassShard, classRows, splitCheckpoint, stateOfShare } from './checkpoint-shards.ts';
import { shareOf } from './rank-shares.ts';
import type { TrainingState } from './training-state.ts';

/** Every number says where it belongs. */
function madeState(classes: number, subCenters: number, dim: number, bias: number): TrainingState {
  const numbers = (length: number, from: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => from + i);
  const size = classes * subCenters * dim;
  return {
    step: 3,
    lossState: { loss: 'curricularface', values: { t: 0.25 } },
    classes,
    subCenters,
    centers: { values: numbers(size, 0), optimiser: { momentum: numbers(size, 0.5) } },
    classBias:
      bias === 0 ? undefined : { values: numbers(bias, 7), optimiser: { momentum: numbers(bias, 8) } },
    learner: new Map([['weights/w', { shape: [2], data: Float32Array.of(1, 2) }]]),
  };
}

test('however many ranks wrote them, however many read them, every class has its rows', () => {
  const counts = { classes: fc.integer({ min: 1, max: 12 }), subCenters: fc.integer({ min: 1, max: 3 }) };
  const ranks = { writers: fc.integer({ min: 1, max: 5 }), readers: fc.integer({ min: 1, max: 5 }) };
  const bias = fc.constantFrom<('each class' | 'all classes' | undefined)[]>(
    'each class',
    'all classes',
    undefined,
  );
  fc.assert(
    fc.property(fc.record({ ...counts, ...ranks, bias }), ({ classes, subCenters, bias: of, ...ranks }) => {
      // A training has no more ranks than classes.
      const [writers, readers] = [Math.min(ranks.writers, classes), Math.min(ranks.readers, classes)];
      const state = madeState(
        classes,
        subCenters,
        2,
        of === 'each class' ? classes : of === undefined ? 0 : 1,
      );
      const shards = Array.from({ length: writers }, (_, rank): ClassShard => {
        const share = shareOf(classes, { rank, size: writers });
        const own = checkpointOf(stateOfShare(state, share, of), share);
        return { ...share, tensors: splitCheckpoint(own, of).ofClasses };
      });
      for (let rank = 0; rank < readers; rank++) {
        const share = shareOf(classes, { rank, size: readers });
        const expected = splitCheckpoint(checkpointOf(stateOfShare(state, share, of), share), of).ofClasses;
        expect(classRows(shards, share)).toEqual(expected);
      }
      const whole = splitCheckpoint(checkpointOf(state), of);
      expect(classRows(shards, { from: 0, to: classes })).toEqual(whole.ofClasses);
      expect([...whole.ofClasses.keys(), ...whole.shared.keys()].sort()).toEqual(
        [...checkpointOf(state).tensors.keys()].sort(),
      );
    }),
  );
});

test('of no class there are the names alone', () => {
  const state = madeState(4, 1, 2, 0);
  const { ofClasses } = splitCheckpoint(checkpointOf(state), undefined);
  const rows = classRows([{ from: 0, to: 4, tensors: ofClasses }], { from: 0, to: 0 });
  expect([...rows].map(([name, { data }]) => [name, data.length])).toEqual([
    ['class.centers', 0],
    ['optimiser/momentum/class.centers', 0],
  ]);
});

describe('shards that do not fit', () => {
  const shard = (from: number, to: number): ClassShard => {
    const state = stateOfShare(madeState(6, 1, 2, 0), { from, to }, undefined);
    return { from, to, tensors: splitCheckpoint(checkpointOf(state, { from, to }), undefined).ofClasses };
  };

  test.each([
    ['no shard', []],
    ['the first is missing', [shard(2, 6)]],
    ['one between is missing', [shard(0, 2), shard(4, 6)]],
    ['the last is missing', [shard(0, 2), shard(2, 5)]],
  ])('%s', (_, shards) => {
    expect(() => classRows(shards, { from: 0, to: 6 })).toThrow(StateMismatchError);
  });

  test('one of other rows', () => {
    const other = shard(3, 6);
    const tensors = new Map([['class.centers', { shape: [6, 1], data: new Float32Array(6) }]]);
    expect(() => classRows([shard(0, 3), { ...other, tensors }], { from: 0, to: 6 })).toThrow(/another/);
  });
});
