import { describe, expect, test } from 'vitest';
import { type Backbone, defineBackbone } from './backbone.ts';
import { iresnet } from './iresnet.ts';
import { mobileFaceNet } from './mobile-face-net.ts';
import { BACKBONE_NAMES, type BackboneName, backbone } from './named-backbones.ts';
import type { FirstWeight } from './network-writer.ts';
import { tinyIresnet } from './tiny-iresnet.ts';

/** As PyTorch counts the parameters of the same modules. */
const PARAMETERS: Readonly<Record<BackboneName, number>> = {
  'tiny-iresnet': 2_278_368,
  mobilefacenet: 1_003_136,
  iresnet18: 24_025_600,
  iresnet34: 34_139_328,
  iresnet50: 43_590_848,
  iresnet100: 65_156_160,
};

interface Written {
  readonly weights: ReadonlyMap<string, FirstWeight>;
  /** Weights that training leaves as they are. */
  readonly fixed: readonly string[];
  readonly dropouts: readonly number[];
}

/** What a network gives to a writer. Whether its layers fit is for the frameworks to find. */
function written(described: Backbone): Written {
  const weights = new Map<string, FirstWeight>();
  const fixed: string[] = [];
  const dropouts: number[] = [];
  const keep = (...all: readonly FirstWeight[]): void => {
    for (const weight of all) {
      expect(weights.has(weight.name), weight.name).toBe(false);
      weights.set(weight.name, weight);
    }
  };
  described.write<void>({
    pixels: ({ size }) => expect(size).toBe(described.inputSize),
    conv: (_, __, { weight }) => keep(weight),
    batchNorm(_, __, { weight, bias, mean, variance, isWeightFixed }) {
      keep(weight, bias, mean, variance);
      if (isWeightFixed) fixed.push(weight.name);
    },
    prelu: (_, __, { weight }) => keep(weight),
    linear: (_, __, { weight, bias }) => keep(weight, bias),
    dropout: (_, __, ratio) => void dropouts.push(ratio),
    flatten: () => {},
    add: () => {},
  });
  return { weights, fixed, dropouts };
}

const values = ({ weights }: Written, name: string): Float32Array => weights.get(name)!.data;

test.each(BACKBONE_NAMES)('%s has as many parameters as it should', (name) => {
  const described = backbone(name, { weights: 'zeros' });
  const { weights, fixed } = written(described);
  const parameters = [...weights.values()].filter((weight) => /\.(weight|bias)$/.test(weight.name));
  expect(parameters.reduce((sum, { data }) => sum + data.length, 0)).toBe(PARAMETERS[name]);
  expect(fixed).toEqual(name.startsWith('iresnet') ? ['features.weight'] : []);
  expect(described.name).toBe(name);
});

describe('first weights', () => {
  const DRAWN = ['conv1.weight', 'layer3.0.conv2.weight', 'fc.weight', 'fc.bias'];

  test('are the same for the same seed, and others for another', () => {
    const described = tinyIresnet({ seed: 3 });
    const first = written(described);
    for (const again of [written(described), written(tinyIresnet({ seed: 3 }))])
      expect(again.weights).toEqual(first.weights);
    const other = written(tinyIresnet({ seed: 4 }));
    for (const name of DRAWN) expect(values(other, name)).not.toEqual(values(first, name));
  });

  // Runs are repeated by seed, and resumed with networks that are built again.
  test('stay what they are, to the bit', () => {
    const tiny = written(tinyIresnet());
    const first: Readonly<Record<string, readonly number[]>> = {
      'conv1.weight': [-0.08508781343698502, 0.00973102543503046, -0.10154417902231216],
      'layer4.0.conv2.weight': [0.02520184963941574, 0.1458011120557785, -0.05677608400583267],
      'fc.weight': [-0.007831225171685219, -0.014937097206711769, -0.014660118147730827],
      'fc.bias': [0.005507901310920715, -0.012422090396285057, 0.004144808277487755],
    };
    for (const [name, expected] of Object.entries(first))
      expect([...values(tiny, name).slice(0, 3)], name).toEqual(expected);
    const mobile = values(written(mobileFaceNet({ seed: 5 })), 'blocks.3.conv.3.weight');
    expect([...mobile.slice(0, 3)]).toEqual([-0.3790384829044342, 0.8017004728317261, -0.5830204486846924]);
  });

  test('do not depend on what other layers there are', () => {
    const small = defineBackbone({
      name: 'small',
      inputSize: 8,
      embeddingSize: 2 * 8 * 8,
      seed: 3,
      convStd: () => 0.1,
      layers: (net) =>
        net.flatten(net.conv(net.pixels(1), 'conv1', { from: 3, to: 2, kernel: 3, padding: 1 }), 'f'),
    });
    const weight = values(written(small), 'conv1.weight');
    expect(weight).toEqual(values(written(tinyIresnet({ seed: 3 })), 'conv1.weight').slice(0, weight.length));
  });

  test('of tiny-iresnet are as those of iresnet', () => {
    const tiny = written(tinyIresnet());
    const moments = (numbers: Float32Array): { mean: number; std: number } => {
      const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
      return { mean, std: Math.sqrt(numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / numbers.length) };
    };
    const { mean, std } = moments(values(tiny, 'layer4.0.conv2.weight'));
    expect(mean).toBeCloseTo(0, 3);
    expect(std).toBeCloseTo(0.1, 3);
    const bound = 1 / Math.sqrt(4096);
    const fc = values(tiny, 'fc.weight');
    expect(fc.every((value) => Math.abs(value) <= bound)).toBe(true);
    expect(moments(fc).std).toBeCloseTo(bound / Math.sqrt(3), 4);
    expect(values(tiny, 'features.weight').every((value) => value === 1)).toBe(true);
    expect(values(tiny, 'layer2.0.prelu.weight').every((value) => value === 0.25)).toBe(true);
    expect(values(tiny, 'layer2.0.bn2.running_var').every((value) => value === 1)).toBe(true);
  });

  test('of MobileFaceNet have the variance of He et al. by outputs', () => {
    const weight = values(written(mobileFaceNet()), 'conv2.conv.weight');
    expect(Math.sqrt(weight.reduce((sum, value) => sum + value ** 2, 0) / weight.length)).toBeCloseTo(
      Math.sqrt(2 / 512),
      3,
    );
  });

  test('are zeros where they will be loaded', () => {
    const zeros = written(tinyIresnet({ weights: 'zeros' }));
    for (const name of DRAWN) expect(values(zeros, name).every((value) => value === 0)).toBe(true);
    expect(values(zeros, 'bn1.weight').every((value) => value === 1)).toBe(true);
  });
});

test('dropout is what was asked for', () => {
  expect(written(tinyIresnet({ weights: 'zeros' })).dropouts).toEqual([0.4]);
  expect(written(iresnet({ depth: 18, weights: 'zeros' })).dropouts).toEqual([0]);
  expect(written(iresnet({ depth: 18, weights: 'zeros', dropout: 0.3 })).dropouts).toEqual([0.3]);
});

test.each<[string, () => Backbone]>([
  ['depth', () => iresnet({ depth: 20 as 18 })],
  ['embeddingSize', () => tinyIresnet({ embeddingSize: 0 })],
  ['dropout', () => tinyIresnet({ dropout: 1 })],
  ['seed', () => mobileFaceNet({ seed: 0.5 })],
])('names the setting out of its range: %s', (option, build) => {
  expect(build).toThrow(new RegExp(`${option} = `));
});

test('refuses weights that it does not know how to start from', () => {
  const options = { weights: 'seedd' as 'seeded' };
  expect(() => tinyIresnet(options)).toThrow('weights = "seedd", expected one of "seeded", "zeros"');
});

test('refuses a name that it does not know', () => {
  expect(() => backbone('iresnet19' as 'iresnet18')).toThrow(
    expect.objectContaining({ code: 'E_UNKNOWN_NAME', fix: expect.stringContaining("'iresnet18'") }),
  );
});
