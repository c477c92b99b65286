import { describe, expect, test } from 'vitest';
import { CfError } from '../errors/cf-error.ts';
import { angularMargin } from '../margin/angular-margin.ts';
import { lossEquations } from '../readings/equations.ts';
import { referenceBackend } from '../reference/reference-backend.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { initialState } from '../state/loss-state.ts';
import { focalWeighting } from '../weighting/focal.ts';
import { arcFace } from './arc-face.ts';
import { curricularFace } from './curricular-face.ts';
import type { LossParameters } from './loss-definition.ts';
import type { MarginLoss } from './margin-loss.ts';
import { marginLoss } from './own-loss.ts';
import { createLoss, LOSS_NAMES, lossOf, lossOptions, registerLoss } from './registry.ts';
import { smoothed } from './smoothed.ts';
import { focal, ohem, selfPaced, withWeighting } from './weighted.ts';

/** What two losses that are the same have in common. */
const described = (loss: MarginLoss): unknown => [
  loss.name,
  loss.scale,
  loss.initialValues,
  loss.classValues,
  loss.objective.kind,
  lossEquations(loss),
];

const OPTIONS: Readonly<Record<string, LossParameters>> = {
  arcface: { margin: 0.3, scale: 30, beyondPi: 'cosine' },
  curricularface: { alpha: 'tface', tInitial: 0.25, margin: { kind: 'cosine', margin: 0.3 } },
  'dynamic-arcface': { counts: [4, 1, 9] },
  sphereface2: { preset: 'released' },
  focal: { gamma: 1, base: { loss: 'curricularface', params: { scale: 8 } } },
  'self-paced': { pace: 2, base: { loss: 'arcface', params: { labelSmoothing: 0.1 } } },
};

describe('a definition makes the same loss again', () => {
  test.each(LOSS_NAMES)('%s', (name) => {
    const { preset, ...options } = OPTIONS[name] ?? {};
    for (const own of [
      options,
      lossOptions(name).includes('scale') && options.base === undefined ? { ...options, scale: 7 } : options,
    ]) {
      const loss = createLoss(name, own, { classCounts: [4, 1, 9] });
      const definition = JSON.parse(JSON.stringify(loss.definition));
      expect(definition.loss).toBe(name);
      expect(described(lossOf(definition))).toEqual(described(loss));
    }
  });

  test('weighted, smoothed, and with a preset', () => {
    const losses = [
      focal(curricularFace({ scale: 16 }), { gamma: 1 }),
      ohem(arcFace()),
      selfPaced(smoothed(arcFace({ margin: 0.2 }), 0.1), { pace: 3 }),
      smoothed(focal(arcFace()), 0.2),
      createLoss('mv-arc-softmax', { preset: 'paper' }),
      createLoss(
        'focal',
        { labelSmoothing: 0.1, base: { loss: 'dynamic-arcface' } },
        { classCounts: [3, 4] },
      ),
    ];
    for (const loss of losses) expect(described(lossOf(loss.definition!))).toEqual(described(loss));
  });

  test('a weighting of no name has none', () => {
    expect(withWeighting(arcFace(), focalWeighting()).definition).toBeUndefined();
    expect(focal(marginLoss({ name: 'own' })).definition).toBeUndefined();
  });
});

describe('lossOf', () => {
  test('takes a loss, its name, and its definition', () => {
    const loss = arcFace({ margin: 0.25 });
    expect(lossOf(loss)).toBe(loss);
    expect(lossOf('arcface').name).toBe('arcface');
    expect(lossOf({ loss: 'arcface', params: { scale: 12 } }).scale).toBe(12);
  });
});

describe('registerLoss', () => {
  const own = (options: LossParameters): MarginLoss =>
    marginLoss({
      name: 'own',
      scale: (options.scale as number | undefined) ?? 10,
      margin: angularMargin(0.3),
    });

  test('makes a loss of one’s own known by its name, with its options', () => {
    registerLoss('own', own, { scale: 'number' });
    const loss = createLoss('own', { scale: 20, labelSmoothing: 0.1 });
    expect(loss).toMatchObject({ name: 'smoothed(own)', scale: 20 });
    expect(described(lossOf(loss.definition!))).toEqual(described(loss));
    expect(createLoss('focal', { base: { loss: 'own' } })).toMatchObject({ name: 'focal(own)', scale: 10 });
    expect(() => createLoss('own', { scal: 1 })).toThrow(/did you mean 'scale'/);
    expect(() => createLoss('own', { scale: '1' })).toThrow(/^scale = "1", expected a number/);
    expect(() => createLoss('owm')).toThrow(/did you mean 'own'/);
    expect(LOSS_NAMES).not.toContain('own');
  });

  test.each<[string, () => unknown, RegExp]>([
    ['a name that is taken', () => registerLoss('arcface', own), /^name = "arcface"/],
    ['no name', () => registerLoss('', own), /^name = ""/],
    ['no function', () => registerLoss('x', arcFace() as never), /^create = /],
    [
      'what makes no loss',
      () => {
        registerLoss('none', () => 3 as never);
        createLoss('none');
      },
      /^loss = 3, expected a loss/,
    ],
  ])('%s is refused', (_, run, message) => {
    expect(run).toThrow(message);
  });
});

const INPUT = {
  embeddings: Float32Array.of(1, 0),
  weights: Float32Array.of(1, 0, 0, 1),
  labels: Int32Array.of(0),
  dim: 2,
};

describe('what is no loss, and what is no option, is one clear error', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['createLoss(undefined)', () => createLoss(undefined as never), /^loss = undefined, expected the name/],
    ['createLoss of a loss', () => createLoss(arcFace() as never), /goes where it is used/],
    ['createLoss(name, null)', () => createLoss('arcface', null as never), /^options of arcface = null/],
    ['createLoss(name, [])', () => createLoss('arcface', [] as never), /^options of arcface = \[\]/],
    ['arcFace(3)', () => arcFace(3 as never), /^options of arcface = 3, expected an object/],
    ['arcFace(null)', () => arcFace(null as never), /^options of arcface = null/],
    ['a slip', () => arcFace({ margn: 0.3 } as never), /option of arcface 'margn'.*\n.*'margin'/s],
    ['a type', () => arcFace({ margin: '0.3' } as never), /^margin = "0.3", expected a number or table/],
    ['focal(undefined)', () => focal(undefined as never), /^loss = undefined, expected a loss/],
    ['focal of a name', () => focal('arcface' as never), /createLoss\('arcface'\)/],
    ['focal of a factory', () => focal(arcFace as never), /^loss = "the function arcface".*\n.*call it/s],
    ['a slip in a weighting', () => focal(arcFace(), { gama: 1 } as never), /did you mean 'gamma'/],
    ['smoothed(undefined)', () => smoothed(undefined as never, 0.1), /^loss = undefined/],
    ['initialState(undefined)', () => initialState(undefined as never), /^loss = undefined/],
    ['referenceStep of a name', () => referenceStep('arcface' as never, INPUT), /createLoss\('arcface'\)/],
    [
      'a slip of a step',
      () => referenceStep(arcFace(), INPUT, { tilesize: 1 } as never),
      /did you mean 'tileSize'/,
    ],
    ['lossOf(3)', () => lossOf(3 as never), /^loss = 3/],
    ['lossOf({})', () => lossOf({} as never), /^loss = {}/],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(CfError);
    expect(run).toThrow(message);
  });

  test('a head', async () => {
    const backend = referenceBackend();
    await expect(backend.createHead('arcface' as never)).rejects.toThrow(/createLoss\('arcface'\)/);
    await expect(backend.createHead(arcFace(), { inspct: true } as never)).rejects.toThrow(/'inspect'/);
  });

  test('what is undefined counts as left out', () => {
    expect(described(arcFace({ margin: undefined } as never))).toEqual(described(arcFace()));
    const { loss } = referenceStep(arcFace(), INPUT);
    expect(referenceStep(arcFace(), { ...INPUT, state: undefined, step: undefined }).loss).toBe(loss);
  });
});
