import { describe, expect, test } from 'vitest';
import { NonFiniteError, StateMismatchError } from '../errors/errors.ts';
import { focalWeighting } from '../weighting/focal.ts';
import { adaFace } from './ada-face.ts';
import { curricularFace } from './curricular-face.ts';
import { checkState, initialState } from './loss-state.ts';
import { focal, ohem, selfPaced, withWeighting } from './weighted.ts';

describe('state', () => {
  test('starts from the loss and its weighting together', () => {
    expect(initialState(selfPaced(curricularFace({ tInitial: 0.2 }), { pace: 3 }))).toEqual({
      loss: 'self-paced(curricularface)',
      values: { t: 0.2, pace: 3 },
    });
    expect(initialState(adaFace())).toEqual({ loss: 'adaface', values: { batchMean: 20, batchStd: 100 } });
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

  test('of another loss is refused by name', () => {
    expect(() => checkState(focal(curricularFace()), initialState(curricularFace()))).toThrow(
      /^a state of 'curricularface', expected a state of 'focal\(curricularface\)'/,
    );
  });

  test.each([[{}], [{ t: 0, extra: 1 }], [{ T: 0 }]])('with the values %j is refused', (values) => {
    expect(() => checkState(curricularFace(), { loss: 'curricularface', values })).toThrow(
      StateMismatchError,
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('that holds %d is refused by name', (t) => {
    const run = (): unknown => checkState(curricularFace(), { loss: 'curricularface', values: { t } });
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
