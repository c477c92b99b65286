import { type GoldenFile, GoldenFormatError, parseGoldens } from './golden-file.ts';

/** Files of golden values that come with this package. */
export const GOLDEN_FILES = ['losses', 'losses-more', 'losses-variants'] as const;

export type GoldenFileName = (typeof GOLDEN_FILES)[number];

/**
 * The golden cases that come with this package: what published code computes, in float64. `losses` are the losses that
 * CurricularFace is compared with, by their authors' code (220 cases); `losses-more` (75) and `losses-variants` (44) the younger
 * ones and their variants.
 *
 * @param names default: all.
 * @throws {@link GoldenFormatError} where there are no files, as in a page.
 */
export async function embeddedGoldens(names: readonly GoldenFileName[] = GOLDEN_FILES): Promise<GoldenFile> {
  const files = await Promise.all(names.map(read));
  return { cases: files.flatMap(({ cases }) => cases) };
}

async function read(name: GoldenFileName): Promise<GoldenFile> {
  // No import: a bundle for pages would not resolve it, though it uses laws alone.
  const files = globalThis.process?.getBuiltinModule?.('node:fs');
  if (files === undefined)
    throw new GoldenFormatError(
      'embeddedGoldens() in a page',
      'Node.js 22.3 or newer, whose files hold the golden values',
      undefined,
      "import '@cf/conformance/goldens.json' and its neighbours, and hand their text to parseGoldens.",
    );
  // The package is built file by file, so that fixtures lie two folders up from the source as from what is built.
  const file = new URL(`../../fixtures/${name}.json`, import.meta.url);
  return parseGoldens(await files.promises.readFile(file, 'utf8'), `${name}.json`);
}
