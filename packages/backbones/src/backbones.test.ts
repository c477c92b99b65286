import { describe, expect, test } from 'vitest';
import { type Backbone, defineBackbone } from './backbone.ts';
import { iresnet } from './iresnet.ts';
import { mobileFaceNet } from './mobile-face-net.ts';
import { BACKBONE_NAMES, type BackboneName, backbone } from './named-backbones.ts';
import type { FirstWeight, NetworkWriter } from './network-writer.ts';
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

/** Channels, height and width of what stands between two layers. */
type Shape = readonly [channels: number, height: number, width: number];

/** Carries shapes through a network, and refuses layers that do not fit. */
class ShapeWriter implements NetworkWriter<Shape> {
  readonly weights = new Map<string, FirstWeight>();
  readonly fixed: string[] = [];
  readonly dropouts: number[] = [];

  pixels({ size }: { readonly size: number }): Shape {
    return [3, size, size];
  }

  conv(
    [channels, height, width]: Shape,
    _: string,
    layer: Parameters<NetworkWriter<Shape>['conv']>[2],
  ): Shape {
    const { from, to, kernel, stride, padding, groups, weight } = layer;
    expect(channels).toBe(from);
    expect(weight.dims).toEqual([to, from / groups, kernel, kernel]);
    this.#keep(weight);
    const side = (size: number): number => Math.floor((size + 2 * padding - kernel) / stride) + 1;
    return [to, side(height), side(width)];
  }

  batchNorm(x: Shape, _: string, layer: Parameters<NetworkWriter<Shape>['batchNorm']>[2]): Shape {
    const { weight, bias, mean, variance, isWeightFixed } = layer;
    for (const one of [weight, bias, mean, variance]) {
      expect(one.dims).toEqual([x[0]]);
      this.#keep(one);
    }
    if (isWeightFixed) this.fixed.push(weight.name);
    return x;
  }

  prelu(x: Shape, _: string, { weight }: { readonly weight: FirstWeight }): Shape {
    expect(weight.dims).toEqual([x[0], 1, 1]);
    this.#keep(weight);
    return x;
  }

  linear(x: Shape, _: string, { weight, bias }: { weight: FirstWeight; bias: FirstWeight }): Shape {
    const to = bias.dims[0]!;
    expect(weight.dims).toEqual([to, x[0]]);
    this.#keep(weight);
    this.#keep(bias);
    return [to, 1, 1];
  }

  dropout(x: Shape, _: string, ratio: number): Shape {
    this.dropouts.push(ratio);
    return x;
  }

  flatten([channels, height, width]: Shape): Shape {
    return [channels * height * width, 1, 1];
  }

  add(a: Shape, b: Shape): Shape {
    expect(a).toEqual(b);
    return a;
  }

  #keep(weight: FirstWeight): void {
    expect(this.weights.has(weight.name), weight.name).toBe(false);
    expect(weight.data).toHaveLength(weight.dims.reduce((product, dim) => product * dim, 1));
    this.weights.set(weight.name, weight);
  }
}

function written(described: Backbone): ShapeWriter & { readonly output: Shape } {
  const writer = new ShapeWriter();
  return Object.assign(writer, { output: described.write(writer) });
}

const values = ({ weights }: ShapeWriter, name: string): Float32Array => weights.get(name)!.data;

describe.each(BACKBONE_NAMES)('%s', (name) => {
  const described = backbone(name, { weights: 'zeros' });

  test('has as many parameters as it should', () => {
    const { weights } = written(described);
    const parameters = [...weights.values()].filter((weight) => /\.(weight|bias)$/.test(weight.name));
    expect(parameters.reduce((sum, { data }) => sum + data.length, 0)).toBe(PARAMETERS[name]);
  });

  test('fits from layer to layer, down to the embedding', () => {
    const { output, fixed } = written(described);
    expect(described.name).toBe(name);
    expect(fixed).toEqual(name.startsWith('iresnet') ? ['features.weight'] : []);
    expect(output).toEqual([described.embeddingSize, 1, 1]);
    expect(written(backbone(name, { weights: 'zeros', embeddingSize: 5 })).output).toEqual([5, 1, 1]);
  });
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
