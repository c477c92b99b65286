import { requireInteger } from '@cf/core';
import { augmentPicture, drawAugmentation, type Planes, type RawImage } from '@cf/data';
import { pictureSheet, recompressJpeg } from '@cf/data/node';
import { Command } from 'commander';
import { loadDataset } from '../dataset/load-dataset.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { atomicWrite } from '../run/atomic-write.ts';
import { checkSection } from '../settings/check-config.ts';
import { augmentation } from '../settings/fields.ts';
import { resolveConfig } from '../settings/resolve-config.ts';
import type { Setting } from '../settings/setting.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { number } from './options.ts';
import { optionsOf } from './train-options.ts';

interface AugmentFlags {
  readonly data?: string;
  readonly out: string;
  readonly pictures: number;
  readonly draws: number;
  readonly side: number;
  readonly seed: number;
}

const EXAMPLES = `
A row is a picture as it is, and as it is trained on in the first epochs of a run with the same flags and seed.

Examples:
  cf data augment --data faces --out sheet.png
  cf data augment --data faces --out sheet.png --augment-colour 0.4 --augment-blur 0.2 --augment-erase 0.3
  cf data augment --out drawn.png --augment-crop 0.3 --augment-jpeg 1 --pictures 4
`;

/** `cf data augment`. */
export function augmentCommand(): Command {
  const command = new Command('augment')
    .description('Show what augmentation makes of pictures, on a sheet.')
    .option('--data <folder>', 'pictures, one folder an identity (default: drawn identities)')
    .requiredOption('--out <file.png>', 'the sheet')
    .option('--pictures <n>', 'how many, of as many identities', number, 8)
    .option('--draws <n>', 'times that each is changed', number, 9)
    .option('--side <pixels>', 'of the pictures', number, 112)
    .option('--seed <n>', 'same seed, same changes', number, 0)
    .addHelpText('after', EXAMPLES);
  for (const one of Object.values<Setting>(augmentation))
    for (const option of optionsOf(one)) command.addOption(option);
  return command.action(async (flags: AugmentFlags) => {
    process.exitCode = await withInterruption((signal) => writeSheet(flags, signal));
  });
}

async function writeSheet(flags: AugmentFlags, signal: AbortSignal): Promise<number> {
  const { out, pictures, draws, side, seed } = flags;
  for (const [name, value, most] of [
    ['pictures', pictures, 50],
    ['draws', draws, 40],
    ['side', side, 512],
  ] as const)
    requireInteger(name, value, 1, most);
  const { shift, flip, ...others } = checkSection(augmentation, {
    ...flags,
    ...flagNames(flags as never),
  });
  const options = { ...others, shift, flip };
  const config = resolveConfig({ seed, ...(flags.data === undefined ? {} : { data: flags.data }) });
  const policy = { onProblem: () => {}, strict: false };
  try {
    const { images, labels } = await loadDataset(config.data, config.evaluation, seed, policy);
    const shown = firstOfEach(labels, pictures);
    const shape = { width: side, height: side, channels: 3 } as const;
    const places: RawImage[] = [];
    for await (const { index, image } of images.some(shown).load(shape, { ...policy, signal })) {
      places.push(image);
      for (let epoch = 0; epoch < draws; epoch++) {
        const drawn = drawAugmentation(options, { seed, epoch }, shown[index]!);
        places.push(await changedPicture(image, drawn));
      }
    }
    if (places.length === 0)
      throw new UsageError('no readable picture', 'at least one', 'look at the folder.');
    await atomicWrite(out, await pictureSheet(places, { columns: draws + 1 }));
  } catch (error) {
    return interruptedExit(error);
  }
  console.log(`sheet: ${out}`);
  return EXIT.ok;
}

/** Flags by the names that their fields have in config.json. */
function flagNames(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.keys(augmentation).map((name) => [
    name,
    flags[`augment${name[0]!.toUpperCase()}${name.slice(1)}`],
  ]);
  return Object.fromEntries(entries);
}

/** The first picture of each of some identities, and then the second, until there are enough. */
function firstOfEach(labels: Int32Array, wanted: number): readonly number[] {
  const seen = new Map<number, number>();
  const rounds = Array.from(labels, (label, index) => {
    const round = seen.get(label) ?? 0;
    seen.set(label, round + 1);
    return { index, label, round };
  });
  return rounds
    .filter(({ label }) => label >= 0)
    .sort((a, b) => a.round - b.round || a.index - b.index)
    .slice(0, wanted)
    .map(({ index }) => index)
    .sort((a, b) => a - b);
}

async function changedPicture(
  image: RawImage,
  drawn: ReturnType<typeof drawAugmentation>,
): Promise<RawImage> {
  const { width, height, channels, data } = image;
  const plane = width * height;
  const pixels = Uint8Array.from(data, (_, i) => data[(i % plane) * channels + Math.floor(i / plane)]!);
  const into: Planes = { width, height, channels, values: new Float32Array(pixels.length) };
  await augmentPicture(pixels, drawn, into, recompressJpeg);
  const changed = Uint8Array.from(data, (_, i) =>
    Math.round(into.values[(i % channels) * plane + Math.floor(i / channels)]!),
  );
  return { width, height, channels, data: changed };
}
