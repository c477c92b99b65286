import { describe, expect, test } from 'vitest';
import { NonFiniteError, StateMismatchError } from '../errors/errors.ts';
import { adaFace } from '../losses/ada-face.ts';
import { curricularFace } from '../losses/curricular-face.ts';
import { focal, ohem, selfPaced, withWeighting } from '../losses/weighted.ts';
import { focalWeighting } from '../weighting/focal.ts';
import { checkState, initialState } from './loss-state.ts';

describe('state', () => {
  test('starts from the loss and its weighting together', () => {
    expect(initialState(selfPaced(curricularFace({ tInitial: 0.2 }), { pace: 3 }))).toEqual({
      loss: 'self-paced(curricularface)',
      values: { step: 0, t: 0.2, pace: 3 },
    });
    expect(initialState(adaFace())).toEqual({
      loss: 'adaface',
      values: { step: 0, batchMean: 20, batchStd: 100 },
    });
  });

  test('is a copy: changing it changes no loss', () => {
    const loss = curricularFace();
    (initialState(loss).values as Record<string, number>).t = 9;
    expect(initialState(loss).values.t).toBe(0);
  });

  test('survives JSON', () => {
    const loss = selfPaced(curricularFace(), { pace: Number.POSITIVE_INFINITY });
    const saved = JSON.parse(JSON.stringify(initialState(loss)));
    expect(checkState(loss, saved)).toEqual(initialState(loss));
  });

  test('of another step is refused, and none as well', () => {
    const loss = curricularFace();
    const after = { loss: loss.name, values: { step: 3, t: 0.2 } };
    expect(checkState(loss, after, 3)).toBe(after);
    expect(checkState(loss, undefined, 0)).toEqual(initialState(loss));
    expect(() => checkState(loss, after, 4)).toThrow(
      /^the state after 3 steps, expected the state after 4 steps/,
    );
    expect(() => checkState(loss, after, 2)).toThrow(StateMismatchError);
    expect(() => checkState(loss, undefined, 1)).toThrow(/^no state, expected the state after 1 steps/);
    expect(() => checkState(loss, after, 0.5)).toThrow(/^step = 0.5/);
  });

  test('of another loss is refused by name', () => {
    expect(() => checkState(focal(curricularFace()), initialState(curricularFace()))).toThrow(
      /^a state of 'curricularface', expected a state of 'focal\(curricularface\)'/,
    );
  });

  test.each([[{}], [{ t: 0 }], [{ step: 0, t: 0, extra: 1 }], [{ step: 0, T: 0 }]])(
    'with the values %j is refused',
    (values) => {
      expect(() => checkState(curricularFace(), { loss: 'curricularface', values })).toThrow(
        StateMismatchError,
      );
    },
  );

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('that holds %d is refused by name', (t) => {
    const run = (): unknown =>
      checkState(curricularFace(), { loss: 'curricularface', values: { step: 0, t } });
    expect(run).toThrow(NonFiniteError);
    expect(run).toThrow(/^state\.t/);
  });
});

describe('weightings', () => {
  test('name the loss that they stand on', () => {
    expect(focal(curricularFace()).name).toBe('focal(curricularface)');
    expect(ohem(adaFace()).name).toBe('ohem(adaface)');
  });

  test('leave the given loss as it was', () => {
    const loss = curricularFace();
    focal(loss);
    expect(loss.weighting.name).toBe('uniform');
  });

  test('a second one is refused', () => {
    expect(() => withWeighting(ohem(curricularFace()), focalWeighting())).toThrow(
      /^weighting = "focal", expected a loss without a weighting, not ohem\(curricularface\)/,
    );
  });
});
