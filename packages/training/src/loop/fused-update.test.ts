import { arcFace, softmax } from '@cf/core';
import { describe, expect, test } from 'vitest';
import { adamw } from '../optimiser/adamw.ts';
import { linearTask } from '../testing/linear-task.ts';
import { events, metricsOf, open, stored, task } from './testing.ts';
import type { TrainingOptions } from './training-task.ts';

describe('a fused update', () => {
  test.each<[string, Partial<TrainingOptions>]>([
    ['momentum and decay', {}],
    ['AdamW', { rule: adamw() }],
    ['a limit for each row', { clipCenters: { by: 'row', limit: 0.05 } }],
    ['a limit for all', { clipCenters: { by: 'norm', limit: 0.1 } }],
  ])('with %s ends where the plain one does, to the bit', async (_, options) => {
    for (const of of [task, linearTask(softmax(), { subCenters: 2 })]) {
      const subCenters = of.subCenters;
      const plain = await events(await open({ ...options, subCenters }, of));
      const fused = await events(await open({ ...options, subCenters, update: 'fused' }, of));
      expect(stored(fused)).toEqual(stored(plain));
      expect(metricsOf(fused).map(({ loss }) => loss)).toEqual(metricsOf(plain).map(({ loss }) => loss));
      const unlimited = await events(await open({ subCenters }, of));
      expect(stored(plain)).not.toEqual(Object.keys(options).length > 0 ? stored(unlimited) : undefined);
    }
  });

  test('leaves no W for losses that look on', async () => {
    const given = await open({ update: 'fused' });
    const shadows = { losses: [{ name: 'arcface', head: { ...given.head, loss: arcFace() } }] };
    await expect(events({ ...given, shadows })).rejects.toThrow(
      /^update = "fused", expected plain where losses/,
    );
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{ update: 'fussed' }, /did you mean 'fused'|fused/],
    [{ clipCenters: { by: 'rows', limit: 1 } }, /clipCenters\.by/],
    [{ clipCenters: { by: 'row', limit: 0 } }, /clipCenters\.limit = 0/],
    [{ clipCenters: { by: 'row', limits: 1 } }, /limits.*did you mean 'limit'/s],
  ])('%j is refused', async (options, message) => {
    await expect(events(await open(options as Partial<TrainingOptions>))).rejects.toThrow(message);
  });
});
