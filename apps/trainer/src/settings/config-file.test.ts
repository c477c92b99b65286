import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { configWith, failureOf, networkConfigWith, temporaryFolder } from '../testing.ts';
import { readConfigFile } from './config-file.ts';
import * as fields from './fields.ts';
import { withFlagsOver } from './flags-over.ts';
import { propertyOf, type Setting } from './setting.ts';

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});

let files = 0;
async function fileOf(text: string): Promise<string> {
  const file = join(base, `${files++}.yaml`);
  await writeFile(file, text);
  return file;
}

const plain = (config: object): object => JSON.parse(JSON.stringify(config));

describe('a configuration that a person wrote', () => {
  it.each([
    ['YAML', (config: object) => `# mine\n${stringify(plain(config))}`],
    ['JSON', (config: object) => JSON.stringify(config, undefined, 2)],
    ['JSON with tabs', (config: object) => JSON.stringify(config, undefined, '\t')],
  ])('is read as %s', async (_, written) => {
    for (const config of [configWith(), networkConfigWith({ loss: 'arcface', weighting: 'focal' })])
      expect(plain(await readConfigFile(await fileOf(written(config))))).toEqual(plain(config));
  });

  it.each<[string, (text: string) => string, string, RegExp]>([
    [
      'a slip in a name',
      (text) => text.replace('momentum:', 'momentun:'),
      'momentun',
      /'momentun', line N of .*\nFix: did you mean 'momentum'/s,
    ],
    [
      'a slip further in',
      (text) => text.replace('difficulty:', 'dificulty:'),
      'dificulty',
      /field of data 'dificulty', line N/,
    ],
    [
      'a number out of range',
      (text) => text.replace(/epochs: .*/, 'epochs: 0'),
      'epochs',
      /epochs = 0, line N of .*1 ≤ epochs/,
    ],
    [
      'a text for a number',
      (text) => text.replace(/learningRate: .*/, 'learningRate: fast'),
      'learningRate',
      /learningRate = "fast", line N/,
    ],
  ])('%s is refused with its line', async (_, change, word, message) => {
    const text = change(stringify(plain(configWith())));
    const line = text.split('\n').findIndex((one) => one.includes(word)) + 1;
    expect(line).toBeGreaterThan(0);
    const error = await failureOf(async () => readConfigFile(await fileOf(text)));
    expect(error.code).toBe('E_USAGE');
    expect(error.message).toMatch(new RegExp(message.source.replace('N', String(line)), message.flags));
  });

  it.each([
    ['checkpointEvery: soon', /checkpoint-every = "soon", '.*yaml'/],
    ['earlyStopping: 3', /without --validate-every, '.*yaml'/],
  ])('%s, which says nothing wrong by its kind, is refused with the file', async (line, message) => {
    const text = `${stringify(plain(configWith()))}${line}\n`;
    const error = await failureOf(async () => readConfigFile(await fileOf(text)));
    expect(error.code).toBe('E_USAGE');
    expect(error.message).toMatch(message);
  });

  it.each([
    ['broken YAML', 'train: [all\nepochs: 3\n'],
    ['a key twice', 'train: all\ntrain: all\n'],
    [
      'references without end',
      `${'a: &a [x, x, x, x, x, x, x, x, x]\n'}${Array.from('bcdefg', (to, i) => `${to}: &${to} [${Array.from({ length: 9 }, () => `*${'abcdefg'[i]}`).join(', ')}]`).join('\n')}\n`,
    ],
  ])('%s is no configuration', async (_, text) => {
    const error = await failureOf(async () => readConfigFile(await fileOf(text)));
    expect(error.code).toBe('E_RUN');
    expect(error.message.split('\n')).toHaveLength(2);
  });

  it.each(['', '3', '[]', 'null', 'just words'])('%j is refused as one field that lacks', async (text) => {
    const error = await failureOf(async () => readConfigFile(await fileOf(text)));
    expect(['E_USAGE', 'E_OPTION_RANGE']).toContain(error.code);
  });
});

describe('flags beside a file win', () => {
  it('where the file has their value', () => {
    const changed = withFlagsOver(configWith(), {
      epochs: 7,
      lr: 0.5,
      schedule: 'poly',
      seed: 3,
      identities: 9,
      pixels: 16,
      dim: 4,
      control: true,
      flip: false,
      checkpointEvery: '5steps',
      validateEvery: 2,
      initFrom: 'run',
      newCenters: 'random',
    });
    expect(changed).toMatchObject({
      epochs: 7,
      learningRate: 0.5,
      schedule: 'polynomial',
      seed: 3,
      dim: 4,
      data: { kind: 'synthetic', identities: 9, seed: 3 },
      features: { kind: 'pixels', size: 16 },
      evaluation: { control: true, flip: false },
      checkpointEvery: '5steps',
      validateEvery: 2,
      newCenters: 'random',
    });
    expect(withFlagsOver(configWith(), {})).toEqual(configWith());
  });

  it('for pictures and networks of another kind', () => {
    const network = networkConfigWith();
    expect(withFlagsOver(network, { data: 'faces', minImages: 3 }).data).toMatchObject({
      kind: 'folder',
      root: 'faces',
      minImages: 3,
    });
    expect(withFlagsOver(network, { backbone: 'onnx:x.onnx' })).toMatchObject({
      network: { kind: 'onnx', file: 'x.onnx' },
    });
    expect(withFlagsOver(network, { backbone: 'mobilefacenet', augmentShift: 1 })).toMatchObject({
      network: { kind: 'built-in', name: 'mobilefacenet', dim: 128 },
      augmentation: { shift: 1 },
    });
  });

  it('for parts of a loss, and for another loss', () => {
    const config = configWith({
      loss: 'arcface',
      margin: 0.4,
      scale: 20,
      weighting: 'focal',
      weightingOption: ['gamma=1'],
    });
    expect(withFlagsOver(config, { margin: 0.2 }).loss).toEqual({
      name: 'focal',
      params: { gamma: 1, base: { loss: 'arcface', params: { margin: 0.2, scale: 20 } } },
    });
    expect(withFlagsOver(config, { weighting: 'ohem' }).loss).toEqual({
      name: 'ohem',
      params: { base: { loss: 'arcface', params: { margin: 0.4, scale: 20 } } },
    });
    expect(withFlagsOver(config, { loss: 'cosface' }).loss).toMatchObject({
      name: 'focal',
      params: { base: { loss: 'cosface' } },
    });
  });

  it('each flag of a training has its place in the file of some training', () => {
    const configs = [
      configWith(),
      configWith({ data: 'x', backbone: 'onnx:y' }),
      networkConfigWith(),
      networkConfigWith({ data: 'x', backbone: 'onnx:y' }),
    ];
    const ofTheCall = new Set(Object.values<Setting>(fields.run).map(propertyOf));
    for (const name of fields.everySetting().map(propertyOf)) {
      if (ofTheCall.has(name) || name === 'train') continue;
      const isKnown = configs.some((config) => {
        try {
          withFlagsOver(config, { [name]: 'x' });
          return true;
        } catch (error) {
          // The value may be wrong.
          return !String(error).includes('--config with');
        }
      });
      expect([name, isKnown]).toEqual([name, true]);
    }
  });

  it('but for those of another training', async () => {
    expect((await failureOf(() => withFlagsOver(configWith(), { augmentShift: 2 }))).message).toMatch(
      /--config with --augment-shift/,
    );
    expect((await failureOf(() => withFlagsOver(configWith(), { train: 'all' }))).message).toMatch(
      /--config with --train/,
    );
    expect((await failureOf(() => withFlagsOver(configWith(), { epochs: 0 }))).message).toMatch(/epochs = 0/);
  });
});
