import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Identity, sampleIdentity, sampleNuisance } from '../../../packages/data/src/index.ts';
import { renderFace } from '../../../packages/data/src/node.ts';

/** Drawn people, and how like each other they are. */
export interface People {
  readonly identities: number;
  readonly imagesPerIdentity: number;
  /** Of the pictures, 0 to 2. */
  readonly difficulty: number;
  /** People who share skin, hair, beard and glasses; 1 is everybody for himself. */
  readonly familySize: number;
}

/** Pictures as features, person by person: [identities·imagesPerIdentity, FEATURES]. */
export type Features = Float32Array;

const [SIDE, BOX] = [112, 8];
/** Grey pixels of a 14 × 14 picture. */
export const FEATURES = (SIDE / BOX) ** 2;

/** The same people in every comparison. */
const SEED = 0;

/** Draws people, or reads them where an earlier call has drawn them. */
export async function drawnPeople(people: People, folder: string): Promise<Features> {
  const { identities, imagesPerIdentity, difficulty, familySize } = people;
  const path = join(folder, `people-${identities}x${imagesPerIdentity}-${difficulty}-${familySize}.f32`);
  const kept = await readFile(path).catch(() => undefined);
  const count = identities * imagesPerIdentity;
  if (kept?.byteLength === 4 * count * FEATURES) return new Float32Array(new Uint8Array(kept).buffer);
  const features = new Float32Array(count * FEATURES);
  for (let person = 0; person < identities; person++) {
    const identity = memberOf(person, familySize);
    const pictures = Array.from({ length: imagesPerIdentity }, (_, picture) =>
      renderFace(identity, sampleNuisance(SEED, person, picture, difficulty)),
    );
    for (const [picture, { data }] of (await Promise.all(pictures)).entries())
      reduce(data, features.subarray((person * imagesPerIdentity + picture) * FEATURES));
    if (person % 20 === 0) console.error(`drawing: ${person} of ${identities} people`);
  }
  await mkdir(folder, { recursive: true });
  await writeFile(`${path}.partial`, features);
  await rename(`${path}.partial`, path);
  return features;
}

function memberOf(person: number, familySize: number): Identity {
  const own = sampleIdentity(SEED, person);
  if (familySize === 1) return own;
  const { skin, hair, beard, glasses } = sampleIdentity(SEED, person - (person % familySize));
  return { ...own, skin, hair, beard, glasses };
}

/** Rec. 601 luma, the mean over each box, 0 … 1. */
function reduce(rgb: Uint8Array, into: Float32Array): void {
  const side = SIDE / BOX;
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    const [x, y] = [pixel % SIDE, Math.floor(pixel / SIDE)];
    const grey = 0.299 * rgb[3 * pixel]! + 0.587 * rgb[3 * pixel + 1]! + 0.114 * rgb[3 * pixel + 2]!;
    into[Math.floor(y / BOX) * side + Math.floor(x / BOX)]! += grey / 255 / BOX ** 2;
  }
}
