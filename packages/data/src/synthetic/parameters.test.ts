import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleIdentity } from './identity.ts';
import { sampleNuisance } from './nuisance.ts';
import { syntheticFaces } from './synthetic-faces.ts';

/** Every number in a plain object, however deep. */
function numbers(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbers) : [];
}

describe('sampleIdentity and sampleNuisance', () => {
  it('give plain data that survives JSON, finite and without −0', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(1000),
        fc.nat(1000),
        fc.double({ min: 0, max: 2, noNaN: true }),
        (seed, i, j, difficulty) => {
          for (const sampled of [sampleIdentity(seed, i), sampleNuisance(seed, i, j, difficulty)]) {
            expect(JSON.parse(JSON.stringify(sampled))).toEqual(sampled);
            for (const value of numbers(sampled))
              expect(Number.isFinite(value) && !Object.is(value, -0)).toBe(true);
          }
        },
      ),
    );
  });

  it('depend on seed and indices, and on nothing else', () => {
    expect(sampleIdentity(1, 2)).toEqual(sampleIdentity(1, 2));
    expect(sampleIdentity(1, 2)).not.toEqual(sampleIdentity(1, 3));
    expect(sampleIdentity(1, 2)).not.toEqual(sampleIdentity(2, 2));
    expect(sampleNuisance(1, 2, 3)).toEqual(sampleNuisance(1, 2, 3, 1));
    expect(sampleNuisance(1, 2, 3)).not.toEqual(sampleNuisance(1, 2, 4));
    expect(sampleNuisance(1, 2, 3)).not.toEqual(sampleNuisance(1, 3, 3));
  });

  it('never draws two people alike', () => {
    const people = Array.from({ length: 2000 }, (_, index) => JSON.stringify(sampleIdentity(0, index)));
    expect(new Set(people).size).toBe(2000);
  });

  it('keeps features where a face has them', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(1000), (seed, index) => {
        const { head, eyes, nose, mouth, hair } = sampleIdentity(seed, index);
        expect(hair.line).toBeLessThan(eyes.y);
        expect(eyes.spacing + eyes.width / 2).toBeLessThan(head.halfWidth * 0.95);
        expect(eyes.spacing - eyes.width / 2).toBeGreaterThan(4);
        expect(eyes.y + nose.length + mouth.drop).toBeLessThan(head.bottom + 1);
        expect(mouth.halfWidth).toBeLessThan(head.halfWidth * 0.55);
      }),
      { numRuns: 1000 },
    );
  });

  it('makes pictures harder as difficulty grows, from an even portrait at 0', () => {
    const { pose, light, expression, occlusion, camera, background } = sampleNuisance(1, 2, 3, 0);
    expect(pose).toEqual({ yaw: 0, pitch: 0, roll: 0, scale: 1, shiftX: 0, shiftY: 0 });
    expect(light).toMatchObject({ strength: 0, brightness: 1, contrast: 1, warmth: 0 });
    expect(expression).toEqual({ smile: 0, mouthOpen: 0, browRaise: 0, eyeOpen: 1, gazeX: 0, gazeY: 0 });
    expect(occlusion).toBeNull();
    expect(camera).toMatchObject({ blur: 0, noise: 0, jpegQuality: null });
    expect(background.upper).toEqual(sampleNuisance(9, 9, 9, 0).background.lower);
    const share = (difficulty: number): number => {
      const drawn = Array.from({ length: 1000 }, (_, image) => sampleNuisance(1, 0, image, difficulty));
      return drawn.filter(({ occlusion: hidden }) => hidden !== null).length / 1000;
    };
    expect(share(1)).toBeGreaterThan(0.02);
    expect(share(1)).toBeLessThan(0.06);
    expect(share(2)).toBeGreaterThan(0.06);
    for (const image of [0, 1, 2, 3]) {
      const yaw = [0.5, 1].map((difficulty) => sampleNuisance(1, 0, image, difficulty).pose.yaw);
      expect(Math.abs(yaw[1]! - 2 * yaw[0]!)).toBeLessThan(0.02);
    }
  });

  it('refuses what is out of range', () => {
    expect(() => sampleIdentity(1, -1)).toThrow('index = -1');
    expect(() => sampleNuisance(1, 0, 0.5)).toThrow('imageIndex = 0.5');
    expect(() => sampleNuisance(1, 0, 0, 2.1)).toThrow('difficulty = 2.1');
    expect(() => syntheticFaces({ seed: 1, identities: 0, imagesPerIdentity: 1 })).toThrow('identities = 0');
    const faces = syntheticFaces({ seed: 1, identities: 3, imagesPerIdentity: 2 });
    expect(() => faces.identity(3)).toThrow('identityIndex = 3, expected an integer in [0, 2]');
    expect(() => faces.svg(0, 2)).toThrow('imageIndex = 2');
  });
});

describe('syntheticFaces', () => {
  it('holds the same people whatever their number', () => {
    const few = syntheticFaces({ seed: 4, identities: 3, imagesPerIdentity: 2 });
    const many = syntheticFaces({ seed: 4, identities: 300, imagesPerIdentity: 20 });
    expect(few.svg(2, 1)).toBe(many.svg(2, 1));
    expect(few.name(2)).toBe('synthetic_00002');
    expect(few.difficulty).toBe(1);
  });
});
