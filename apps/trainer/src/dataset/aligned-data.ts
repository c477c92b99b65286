import { join, resolve } from 'node:path';
import { checkAlignment, type FaceDetector, FaceDetectorError, type RawImage } from '@cf/data';
import { humanDetector } from '@cf/data/node';
import { isThere } from '../run/is-there.ts';
import type { DataConfig, TrainConfig } from '../settings/train-config.ts';
import { alignedLines, alignPhotographs } from './align-photographs.ts';
import type { Dataset } from './dataset.ts';
import { openFaceDetector } from './face-detector.ts';
import type { LoadOptions } from './image-source.ts';
import { requireLists } from './require-lists.ts';

interface Surroundings extends LoadOptions {
  /** Prints one line to the user. */
  readonly say: (line: string) => void;
}

/**
 * The pictures to train on: with `align`, the aligned crops of the photographs, which lie beside them in a folder of their
 * own. What is there from an earlier training is not done again.
 *
 * @throws MissingPackageError where the packages that find faces are not installed
 */
export async function alignedData(config: TrainConfig, surroundings: Surroundings): Promise<DataConfig> {
  const { data } = config;
  if (data.kind !== 'folder' || !data.align) return data;
  await requireLists(config);
  return { ...data, root: await cropsIn(data.root, surroundings) };
}

/** Makes the aligned crops of a folder of photographs. @returns the folder beside it that they are in */
export async function cropsIn(
  root: string,
  { strict, onProblem, signal, say }: Surroundings,
): Promise<string> {
  const out = cropsOf(root);
  const detector = await openFaceDetector('--align');
  try {
    const aligned = await alignPhotographs({ data: root, out, detector, strict, onProblem, signal });
    for (const line of alignedLines(out, aligned)) say(line);
  } finally {
    await detector.close();
  }
  return out;
}

function cropsOf(root: string): string {
  return `${resolve(root)}.aligned`;
}

/** The same where nothing may be written: crops of an earlier training, or else the photographs as they are. */
export async function unalignedData(data: DataConfig, say: (line: string) => void): Promise<DataConfig> {
  if (data.kind !== 'folder' || !data.align) return data;
  const out = cropsOf(data.root);
  const areMade = await isThere(out);
  say(
    `photographs would be aligned into ${out} first; counted are ${areMade ? 'the crops there' : 'the photographs'}`,
  );
  return areMade ? { ...data, root: out } : data;
}

/** Pictures that are looked at, spread over the folder. */
const SAMPLE = 16;
/** Of the pictures that are looked at: four times the template's, so that small faces are seen. */
const SIDE = 448;

/** Warns where the faces of a folder lie elsewhere than in aligned crops; without the packages that find faces, nothing is said. */
export async function warnOfUnaligned(
  data: DataConfig,
  { images }: Pick<Dataset, 'images'>,
  { signal, say }: Surroundings,
): Promise<void> {
  if (data.kind !== 'folder' || data.align || (await isDrawn(data.root))) return;
  const detector = await detectorThatIsThere();
  if (detector === undefined) return;
  try {
    const sample = Math.min(SAMPLE, images.count);
    const chosen = Array.from({ length: sample }, (_, i) => Math.floor((i * images.count) / sample));
    const pictures: RawImage[] = [];
    const shape = { width: SIDE, height: SIDE, channels: 3 } as const;
    // What can't be read is told when all are loaded.
    const options = { strict: false, onProblem: () => {}, signal };
    for await (const { image } of images.some(chosen).load(shape, options)) pictures.push(image);
    const { looked, found, far, isUnaligned } = await checkAlignment(pictures, detector);
    if (!isUnaligned) return;
    say(
      `warning: '${data.root}' looks unaligned: of ${looked} pictures, ${found} show a face, ${far} of them far from where aligned crops have it; cf train --align, or cf data align before it, mends that`,
    );
  } catch (error) {
    // A look is no reason to stop a training.
    if (!(error instanceof FaceDetectorError)) throw error;
  } finally {
    await detector.close();
  }
}

/** Drawn faces are in no template, and need none. */
function isDrawn(root: string): Promise<boolean> {
  return isThere(join(root, 'synthetic.json'));
}

function detectorThatIsThere(): Promise<FaceDetector | undefined> {
  return humanDetector().catch((error: unknown) => {
    if (error instanceof FaceDetectorError) return undefined;
    throw error;
  });
}
