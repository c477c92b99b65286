import {
  LabelOutOfRangeError,
  NonFiniteError,
  OptionOutOfRangeError,
  ShapeMismatchError,
  StateMismatchError,
  UnknownNameError,
} from '@cf/core';
import { DataFolderError, PairImageError, ProtocolFormatError, UnreadableImageError } from '@cf/data';
import { PairsError } from '@cf/eval';
import { WrongResultsError } from '@cf/onnx';
import { DivergedError as TrainingDiverged } from '@cf/training';
import { expect, it } from 'vitest';
import { BackboneError, DivergedError, OutputError, RunFolderError, UsageError } from './errors.ts';
import { exitCodeOf } from './exit-codes.ts';

it.each([
  [1, new WrongResultsError('a', 'b', 'c')],
  [2, new UsageError('a', 'b', 'c')],
  [2, new OptionOutOfRangeError('margin', 9, 'less')],
  [2, new UnknownNameError('loss', 'arcfac', ['arcface'])],
  [3, new RunFolderError('a', 'b', 'c')],
  [3, new OutputError('a', new Error('b'))],
  [3, new BackboneError('a', 'b', 'c')],
  [3, new DataFolderError('a', 'b', 'c', 'd')],
  [3, new UnreadableImageError('a', 'b')],
  [3, new ProtocolFormatError('a', 1, 'b', 'c')],
  [3, new PairImageError('a', 1, 'b')],
  [3, new PairsError('a', 'b', 'c')],
  [3, new ShapeMismatchError('a', 'b')],
  [3, new StateMismatchError('a', 'b')],
  [3, new NonFiniteError('x', 0, Number.NaN)],
  [3, new LabelOutOfRangeError(0, 9, 3, 4)],
  [4, new DivergedError(new TrainingDiverged(3, 0.1, 'loss = NaN'))],
  [70, new TypeError('x is not a function')],
  [70, 'not even an error'],
])('%d for %s', (code, error) => {
  expect(exitCodeOf(error)).toBe(code);
});

it('tells step and learning rate of a training that diverged', () => {
  expect(new DivergedError(new TrainingDiverged(3, 0.1, 'loss = NaN')).message).toMatch(
    /^loss = NaN at step 3 \(learning rate 0\.1\), expected .*\nFix: .*--lr.*checkpoint/,
  );
});
