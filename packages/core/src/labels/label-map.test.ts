import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShapeMismatchError, UnknownNameError } from '../errors/errors.ts';
import { buildLabelMap } from './label-map.ts';

describe('buildLabelMap', () => {
  test('numbers identities from 0 in the order of their code units', () => {
    const map = buildLabelMap(['b', 'Z', 'a', 'b', 'ä', '10', '9']);
    expect(map.names).toEqual(['10', '9', 'Z', 'a', 'b', 'ä']);
    expect(map.names.map((name) => map.labelOf(name))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('is a bijection that does not depend on order or repetition', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), fc.nat(), (names, turn) => {
        const map = buildLabelMap(names);
        const cut = turn % names.length;
        const turned = buildLabelMap([...names.slice(cut), ...names.slice(0, cut), ...names]);
        expect(turned.names).toEqual(map.names);
        expect(new Set(names).size).toBe(map.names.length);
        for (const name of names) expect(map.names[map.labelOf(name)]).toBe(name);
      }),
    );
  });

  test('takes any iterable', () => {
    expect(buildLabelMap(new Set(['x'])).labelOf('x')).toBe(0);
  });

  test('names inherited by every object are unknown too', () => {
    const map = buildLabelMap(['anna']);
    expect(() => map.labelOf('constructor')).toThrow(UnknownNameError);
    expect(buildLabelMap(['__proto__']).labelOf('__proto__')).toBe(0);
  });

  test('an unknown identity is an error with the nearest one', () => {
    expect(() => buildLabelMap(['anna', 'bert']).labelOf('ana')).toThrow(
      /identity 'ana'[\s\S]*did you mean 'anna'/,
    );
  });

  test('no identity is an error', () => {
    expect(() => buildLabelMap([])).toThrow(ShapeMismatchError);
    expect(() => buildLabelMap([])).toThrow(/^0 identities/);
  });

  test('the nearest of many identities is found, in a message of a few lines', () => {
    const map = buildLabelMap(Array.from({ length: 3000 }, (_, i) => `person ${i} ${'x'.repeat(i % 7)}`));
    let message = '';
    try {
      map.labelOf('persn 2999 xxx');
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain("did you mean 'person 2999 xxx'");
    expect(message.length).toBeLessThan(2000);
  });
});
