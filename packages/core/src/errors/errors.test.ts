import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LOSS_NAMES } from '../losses/registry.ts';
import { CfError } from './cf-error.ts';
import {
  LabelOutOfRangeError,
  NonFiniteError,
  OptionOutOfRangeError,
  ShapeMismatchError,
  StateMismatchError,
  UnknownNameError,
} from './errors.ts';
import { nearestName } from './nearest-name.ts';

describe('messages read as documented', () => {
  test('LabelOutOfRangeError', () => {
    const error = new LabelOutOfRangeError(17, 1024, 1000, 512);
    expect(String(error)).toBe(
      'LabelOutOfRangeError [E_LABEL_RANGE]: labels[17] = 1024, expected 0 ≤ label < 1000 (classes of weights [1000, 512]).\n' +
        'Fix: remap identities with buildLabelMap().',
    );
    expect(error).toMatchObject({ index: 17, value: 1024, code: 'E_LABEL_RANGE' });
    expect(error.given).toBe('labels[17] = 1024');
    expect(error.expected).toBe('0 ≤ label < 1000 (classes of weights [1000, 512])');
    expect(error.fix).toBe('remap identities with buildLabelMap().');
  });

  test('a label that is not an integer says so', () => {
    expect(new LabelOutOfRangeError(0, 1.5, 3, 2).message).toBe(
      'labels[0] = 1.5, expected an integer, 0 ≤ label < 3 (classes of weights [3, 2]).\n' +
        'Fix: remap identities with buildLabelMap().',
    );
  });

  test('ShapeMismatchError', () => {
    expect(String(new ShapeMismatchError('weights of length 7', '[classes, 2]', 'pass whole rows.'))).toBe(
      'ShapeMismatchError [E_SHAPE]: weights of length 7, expected [classes, 2].\nFix: pass whole rows.',
    );
    expect(new ShapeMismatchError('a', 'b').fix).toContain('embeddings [batch, dim]');
  });

  test('bigint, which JSON has not', () => {
    expect(new OptionOutOfRangeError('count', 3n, 'a number').given).toBe('count = 3n');
    expect(new OptionOutOfRangeError('counts', [3n, 4], 'numbers').given).toBe('counts = ["3n",4]');
  });

  test('NonFiniteError', () => {
    const error = new NonFiniteError('embeddings', 5, Number.NEGATIVE_INFINITY);
    expect(String(error)).toBe(
      'NonFiniteError [E_NON_FINITE]: embeddings[5] = -Infinity, expected a finite number.\n' +
        'Fix: find where the value comes from; too high a learning rate is the usual cause.',
    );
    expect(error).toMatchObject({ tensor: 'embeddings', index: 5 });
  });

  test('OptionOutOfRangeError', () => {
    const error = new OptionOutOfRangeError('scale', -1, 'a finite scale > 0');
    expect(String(error)).toBe(
      'OptionOutOfRangeError [E_OPTION_RANGE]: scale = -1, expected a finite scale > 0.\n' +
        'Fix: choose scale within its range; the presets are a good start.',
    );
    expect(error.option).toBe('scale');
    expect(new OptionOutOfRangeError('plus', 'yes', 'true').given).toBe('plus = "yes"');
    expect(new OptionOutOfRangeError('t', Number.NaN, 'x').given).toBe('t = NaN');
    expect(new OptionOutOfRangeError('t', undefined, 'x').given).toBe('t = undefined');
  });

  test('UnknownNameError', () => {
    const near = new UnknownNameError('loss', 'arcfce', ['softmax', 'arcface']);
    expect(String(near)).toBe(
      "UnknownNameError [E_UNKNOWN_NAME]: loss 'arcfce', expected one of softmax, arcface.\nFix: did you mean 'arcface'?",
    );
    expect(near.nearest).toBe('arcface');
    const far = new UnknownNameError('loss', 'zzzzzzzz', ['softmax']);
    expect(far.nearest).toBeUndefined();
    expect(far.fix).toBe('use one of these names.');
    const many = Array.from({ length: 31 }, (_, i) => `name${'x'.repeat(i)}`);
    expect(new UnknownNameError('field', 'namexxxx', many).expected).toBe(
      'one of namexxxx, namexxx, namexxxxx, namexx, namexxxxxx … (31 in all)',
    );
    expect(new UnknownNameError('field', 'nam', many, 'see --help').expected).toMatch(
      /^one of name, namex, namexx, .* … \(31 in all: see --help\)$/,
    );
    expect(new UnknownNameError('option of x', 'scale', []).expected).toBe('none');
  });

  test('StateMismatchError', () => {
    expect(String(new StateMismatchError("a state of 'a'", "a state of 'b'", 'start anew.'))).toBe(
      "StateMismatchError [E_STATE_MISMATCH]: a state of 'a', expected a state of 'b'.\nFix: start anew.",
    );
    expect(new StateMismatchError('a', 'b').fix).toContain('load the state that was saved with this loss');
  });
});

describe('CfError', () => {
  const all: readonly CfError[] = [
    new LabelOutOfRangeError(0, 1, 1, 1),
    new NonFiniteError('x', 0, Number.NaN),
    new OptionOutOfRangeError('m', 1, '0'),
    new ShapeMismatchError('a', 'b'),
    new StateMismatchError('a', 'b'),
    new UnknownNameError('a', 'b', []),
  ];

  test.each(all.map((error) => [error.code, error] as const))(
    '%s is a CfError and an Error',
    (code, error) => {
      expect(error).toBeInstanceOf(CfError);
      expect(error).toBeInstanceOf(Error);
      expect(code).toMatch(/^E_[A-Z_]+$/);
      expect(error.message).toBe(`${error.given}, expected ${error.expected}.\nFix: ${error.fix}`);
      expect(error.name).toBe(`${error.constructor.name} [${code}]`);
    },
  );

  test('codes differ', () => {
    expect(new Set(all.map(({ code }) => code)).size).toBe(all.length);
  });

  test('keeps its cause, and has none where none is given', () => {
    class Wrapped extends CfError {
      constructor(cause?: unknown) {
        super('Wrapped', 'E_WRAPPED', { given: 'a', expected: 'b', fix: 'c', cause });
      }
    }
    const cause = new TypeError('under it');
    expect(new Wrapped(cause).cause).toBe(cause);
    expect('cause' in new Wrapped()).toBe(false);
  });
});

/** A slip in one of these may lie halfway to the other. */
const TWO_EDITS_APART = [
  ['mv-am-softmax', 'mv-arc-softmax'],
  ['arcface', 'adaface'],
  ['arcface', 'npcface'],
  ['sphereface', 'sphereface2'],
  ['sphereface', 'sphereface-r'],
  ['sphereface2', 'sphereface-r'],
];

describe('nearestName', () => {
  test('one letter changed, dropped, added or in another case suggests the original', () => {
    const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz');
    fc.assert(
      fc.property(
        fc.constantFrom(...LOSS_NAMES),
        fc.nat(),
        letter,
        fc.constantFrom('change', 'drop', 'add', 'case'),
        (name, position, to, slip) => {
          const at = position % name.length;
          const rest = name.slice(at + 1);
          const wrong = {
            change: name.slice(0, at) + to + rest,
            drop: name.slice(0, at) + rest,
            add: name.slice(0, at) + to + name.slice(at),
            case: name.slice(0, at) + name[at]!.toUpperCase() + rest,
          }[slip];
          const near = [name, ...TWO_EDITS_APART.filter((pair) => pair.includes(name)).flat()];
          expect(near).toContain(nearestName(wrong, LOSS_NAMES));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('suggests nothing where nothing is near', () => {
    expect(nearestName('qqqqqqqqqqqq', LOSS_NAMES)).toBeUndefined();
    expect(nearestName('arcface', [])).toBeUndefined();
  });

  test('takes the nearest of several, counted in edits', () => {
    expect(nearestName('cosfce', ['arcface', 'cosface', 'normface'])).toBe('cosface');
    expect(nearestName('kitten', ['sitting', 'mitten'])).toBe('mitten');
  });
});
