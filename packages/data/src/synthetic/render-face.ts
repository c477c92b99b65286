import { createRandom } from '@cf/core';
import sharp from 'sharp';
import { fromRaw, toRawImage } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import { recompressJpeg } from '../image/recompress.ts';
import { drawFace } from './draw-face.ts';
import type { Identity } from './identity.ts';
import type { Nuisance } from './nuisance.ts';

/** libvips does no blur under this deviation. */
const LEAST_BLUR = 0.3;
/** Draws that an approximately normal value is the sum of; 4 of them keep the tails at ±3.5 deviations. */
const NOISE_TERMS = 4;

/**
 * Draws one picture of a person and takes it with the camera: rasterised, blurred, noisy, compressed.
 *
 * Rasterising runs off the main thread; several calls at once make use of several processors.
 *
 * @returns 112×112 RGB; the same parameters give the same bytes with the same version of libvips.
 */
export async function renderFace(identity: Identity, nuisance: Nuisance): Promise<RawImage> {
  const { camera } = nuisance;
  const svg = new TextEncoder().encode(drawFace(identity, nuisance));
  const drawn = await toRawImage(sharp(svg).removeAlpha().toColourspace('srgb'), 3);
  // A pass of its own: in one pass with the blur, overlapping tiles of the drawing would be drawn twice.
  const image = camera.blur < LEAST_BLUR ? drawn : await toRawImage(fromRaw(drawn).blur(camera.blur), 3);
  const noisy = camera.noise > 0 ? withNoise(image, camera.noise, camera.noiseSeed) : image;
  return camera.jpegQuality === null ? noisy : recompressJpeg(noisy, camera.jpegQuality);
}

/** Adds a sensor's noise, nearly normal: sums of uniform draws, the same in every engine. */
function withNoise(image: RawImage, deviation: number, seed: number): RawImage {
  const table = noiseTable(deviation, seed);
  const data = new Uint8Array(image.data.length);
  const clamped = new Uint8ClampedArray(data.buffer);
  // A linear congruential walk through a table of drawn values is all that noise needs, and quick.
  let state = seed >>> 0;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    clamped[i] = image.data[i]! + table[state >>> 22]!;
  }
  return { ...image, data };
}

const NOISE_TABLE_SIZE = 1024;

function noiseTable(deviation: number, seed: number): Int16Array {
  const random = createRandom(seed).fork('noise');
  // A sum of n uniform draws on [−½, ½) has variance n/12.
  const scale = deviation * Math.sqrt(12 / NOISE_TERMS);
  return Int16Array.from({ length: NOISE_TABLE_SIZE }, () => {
    let sum = -NOISE_TERMS / 2;
    for (let term = 0; term < NOISE_TERMS; term++) sum += random.uniform();
    return Math.round(sum * scale);
  });
}
