import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { resizeImage } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import { mapLimited } from '../map-limited.ts';
import { drawFace } from './draw-face.ts';
import { type Identity, sampleIdentity } from './identity.ts';
import { type Nuisance, type OcclusionKind, sampleNuisance } from './nuisance.ts';
import { renderFace } from './render-face.ts';
import { syntheticFaces } from './synthetic-faces.ts';
import { syntheticPairs } from './synthetic-pairs.ts';
import { type Beard, HAIR_STYLES } from './traits.ts';

const sha = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex').slice(0, 16);
const identity = sampleIdentity(1, 0);
const plain = sampleNuisance(1, 0, 0, 0);

/** How much two pictures differ on average, in values of 0 … 255. */
function distance(a: RawImage, b: RawImage): number {
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;
}

describe('drawFace', () => {
  it('draws the same text for the same seed, on every machine', () => {
    const texts = Array.from({ length: 40 }, (_, n) =>
      drawFace(sampleIdentity(1, n), sampleNuisance(1, n, 0)),
    );
    expect(sha(texts.join('\n'))).toMatchInlineSnapshot(`"893db117f95cca6a"`);
    expect(drawFace(identity, plain)).toBe(drawFace(sampleIdentity(1, 0), sampleNuisance(1, 0, 0, 0)));
  });

  it('writes no number that is none, at any difficulty', () => {
    for (const difficulty of [0, 1, 2]) {
      for (let n = 0; n < 150; n++) {
        const svg = drawFace(sampleIdentity(n, n), sampleNuisance(n, n, n, difficulty));
        expect(svg).not.toMatch(/NaN|Infinity|undefined|null|e-\d/);
      }
    }
  });
});

describe('renderFace', () => {
  it('gives 112×112 RGB, the same bytes each time', async () => {
    const nuisance = sampleNuisance(1, 0, 2, 2);
    const [first, second] = [await renderFace(identity, nuisance), await renderFace(identity, nuisance)];
    expect(first).toMatchObject({ width: 112, height: 112, channels: 3 });
    expect(first.data.length).toBe(112 * 112 * 3);
    expect(sha(first.data)).toBe(sha(second!.data));
  });

  it('draws every hair style, beard, pair of glasses and occlusion, each unlike the others', async () => {
    const bare: Identity = { ...identity, beard: { ...identity.beard, style: 'none' }, glasses: null };
    const variants: [Identity, Nuisance][] = [
      ...HAIR_STYLES.map((style): [Identity, Nuisance] => [
        { ...bare, hair: { ...bare.hair, style } },
        plain,
      ]),
      ...(['stubble', 'moustache', 'goatee', 'full'] satisfies Beard['style'][]).map(
        (style): [Identity, Nuisance] => [{ ...bare, beard: { ...bare.beard, style } }, plain],
      ),
      ...(['round', 'square', 'wide'] as const).map((shape): [Identity, Nuisance] => [
        { ...bare, glasses: { shape, colour: [20, 20, 20], size: 11, thickness: 2 } },
        { ...plain, wearsGlasses: true },
      ]),
      ...(['sunglasses', 'mask', 'scarf', 'hand', 'cap', 'bar'] satisfies OcclusionKind[]).map(
        (kind): [Identity, Nuisance] => [
          bare,
          { ...plain, occlusion: { kind, colour: [30, 90, 160], side: 0.4 } },
        ],
      ),
    ];
    const hashes = await mapLimited(variants, 4, async ([person, nuisance]) =>
      sha((await renderFace(person, nuisance)).data),
    );
    const own = sha((await renderFace(bare, plain)).data);
    expect(new Set(hashes).size).toBe(variants.length);
    expect(hashes.filter((hash) => hash === own).length).toBe(1);
  });

  it('lets each nuisance change the picture, and leaves off glasses that are not worn', async () => {
    const glasses = { shape: 'round', colour: [20, 20, 20], size: 11, thickness: 2 } as const;
    const person: Identity = { ...identity, glasses };
    const base: Nuisance = { ...plain, wearsGlasses: false };
    const picture = await renderFace(person, base);
    expect(distance(picture, await renderFace({ ...person, glasses: null }, base))).toBe(0);
    const changes: Partial<Nuisance>[] = [
      { pose: { ...plain.pose, yaw: 20 } },
      { pose: { ...plain.pose, pitch: 8 } },
      { pose: { ...plain.pose, roll: 8 } },
      { light: { ...plain.light, strength: 0.7 } },
      { light: { ...plain.light, brightness: 0.7 } },
      { light: { ...plain.light, warmth: 1 } },
      { expression: { ...plain.expression, smile: 1 } },
      { expression: { ...plain.expression, mouthOpen: 0.8 } },
      { expression: { ...plain.expression, browRaise: 1 } },
      { expression: { ...plain.expression, eyeOpen: 0.4 } },
      { wearsGlasses: true },
      { camera: { ...plain.camera, noise: 8 } },
      { camera: { ...plain.camera, blur: 1 } },
      { camera: { ...plain.camera, jpegQuality: 30 } },
    ];
    for (const change of changes) {
      const changed = await renderFace(person, { ...base, ...change });
      expect(distance(picture, changed), JSON.stringify(change)).toBeGreaterThan(0.05);
    }
  });

  it('adds noise of the deviation asked for, without moving the mean', async () => {
    const clean = await renderFace(identity, plain);
    const noisy = await renderFace(identity, { ...plain, camera: { ...plain.camera, noise: 6 } });
    let [sum, squares, count] = [0, 0, 0];
    clean.data.forEach((value, i) => {
      // Near the ends the values are clamped.
      if (value < 30 || value > 225) return;
      const difference = noisy.data[i]! - value;
      sum += difference;
      squares += difference * difference;
      count++;
    });
    expect(Math.abs(sum / count)).toBeLessThan(0.5);
    expect(Math.sqrt(squares / count)).toBeCloseTo(6, 0);
  });
});

/** The best accuracy that a threshold on the cosine of grey, mean-free 28×28 pixels reaches. */
async function pixelAccuracy(difficulty: number, pairs: number): Promise<number> {
  const options = { seed: 1, imagesPerIdentity: 6 };
  const faces = syntheticFaces({ ...options, identities: 40, difficulty });
  const numbers = Array.from({ length: 240 }, (_, n) => n);
  const vectors = await mapLimited(numbers, 4, async (n) =>
    pixels(await faces.image(Math.floor(n / 6), n % 6)),
  );
  const list = syntheticPairs({ ...options, identities: { from: 0, to: 40 }, pairs, folds: 1 });
  const scored = list.pairs
    .map(({ a, b, same }) => {
      const [u, v] = [a, b].map((image) => vectors[image.identityIndex * 6 + image.imageIndex]!);
      return { same, cosine: u!.reduce((sum, value, i) => sum + value * v![i]!, 0) };
    })
    .sort((a, b) => b.cosine - a.cosine);
  let correct = pairs / 2;
  let best = correct;
  for (const { same } of scored) {
    correct += same ? 1 : -1;
    best = Math.max(best, correct);
  }
  return best / pairs;
}

async function pixels(image: RawImage): Promise<number[]> {
  const { data } = await resizeImage(image, 28, 28);
  const grey = Array.from(
    { length: 784 },
    (_, i) => 0.2126 * data[3 * i]! + 0.7152 * data[3 * i + 1]! + 0.0722 * data[3 * i + 2]!,
  );
  const mean = grey.reduce((sum, value) => sum + value, 0) / 784;
  const norm = Math.hypot(...grey.map((value) => value - mean));
  return grey.map((value) => (value - mean) / norm);
}

describe('the data set', () => {
  it('is too hard for raw pixels at its default difficulty, and no task at all at difficulty 0', async () => {
    expect(await pixelAccuracy(1, 240)).toBeLessThan(0.75);
    expect(await pixelAccuracy(0, 240)).toBeGreaterThan(0.95);
  });
});
