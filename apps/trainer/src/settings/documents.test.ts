import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configWith, networkConfigWith } from '../testing.ts';
import { configJsonSchema, withFlagsTable } from './documents.ts';
import { everySetting } from './fields.ts';

it("the README's table of flags is that of the settings (pnpm print-flags writes it)", async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  expect(readme).toBe(withFlagsTable(readme));
  for (const { flag } of everySetting()) expect(readme).toContain(`| \`${flag}\` `);
});

describe('the JSON Schema', () => {
  const schema = z.fromJSONSchema(configJsonSchema() as never);
  const throughJson = (config: object): Record<string, unknown> => JSON.parse(JSON.stringify(config));

  it.each([
    ['an embedding', configWith()],
    ['an embedding on a backbone', configWith({ data: 'x', backbone: 'onnx:y', clipNorm: 5 })],
    ['a network', networkConfigWith({ optimiser: 'adamw' })],
    ['a layers model', networkConfigWith({ backbone: 'tfjs:model.json', head: 'tfjs-wasm' })],
  ])('takes the configuration of %s', (_, config) => {
    const { success, error } = schema.safeParse({ ...throughJson(config), $schema: './config.schema.json' });
    expect([success, error]).toEqual([true, undefined]);
  });

  it.each<[string, object]>([
    ['a slip in a name', { learnigRate: 1 }],
    ['a number out of range', { momentum: 1 }],
    ['a text for a number', { epochs: '3' }],
    ['an unknown choice', { schedule: 'poly' }],
    ['a kind of data that is none', { data: { kind: 'web' } }],
    ['a field of another training', { threads: 2 }],
  ])('refuses %s', (_, changes) => {
    expect(schema.safeParse({ ...throughJson(configWith()), ...changes }).success).toBe(false);
  });

  it('asks for no field that has one default', () => {
    const { momentum, schedule, ...config } = throughJson(configWith());
    expect([momentum, schedule, schema.safeParse(config).success]).toEqual([0.9, 'cosine', true]);
  });
});
