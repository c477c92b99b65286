import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type EmbeddedPicture, type Embeddings, readEmbeddings } from '@cf/data/node';
import { createIdentityIndex, type IdentityIndex } from '@cf/eval';
import type { LoadOptions } from '../dataset/image-source.ts';
import { UsageError } from '../errors.ts';
import { gatherRows } from '../features/feature-table.ts';
import type { KnownPeople } from './choose-threshold.ts';
import { embedAll } from './embed-pictures.ts';
import { findPictures } from './find-pictures.ts';
import type { EmbeddingModel } from './open-model.ts';

/** What is searched. */
export interface OpenedGallery extends KnownPeople {
  readonly index: IdentityIndex;
  /** Of each row of the index; none where rows are templates. */
  readonly pictures: readonly EmbeddedPicture[] | undefined;
  /** How many pictures it is made of. */
  readonly count: number;
}

/** How a gallery is opened. */
export interface GallerySettings {
  readonly flip: boolean;
  readonly align: boolean;
  readonly score: 'max' | 'mean';
}

/**
 * Opens a file of embeddings, or embeds what is there: a folder, a pack, a list. A picture of nobody who is named stands for
 * itself, by its own name.
 *
 * @throws UsageError for embeddings of another network; EmbeddingFileError; GalleryError
 */
export async function openGallery(
  path: string,
  model: EmbeddingModel,
  settings: GallerySettings,
  options: LoadOptions & { readonly say: (line: string) => void },
): Promise<OpenedGallery> {
  const isFile = (await stat(path).catch(() => undefined))?.isFile() === true;
  const { rows, dim, pictures } =
    isFile && /\.(safetensors|npy)$/i.test(path)
      ? fitting(path, await readEmbeddings(path), model, settings)
      : await embedded(path, model, settings, options);
  const identities = pictures.map(({ picture, identity }) => (identity === '' ? picture : identity));
  const index = createIdentityIndex({ embeddings: rows, dim, identities });
  const name = basename(path);
  const known = knownOf(rows, dim, pictures, index);
  const found = { name, known, count: pictures.length };
  if (settings.score === 'max') return { ...found, index, pictures };
  const templates = known === undefined ? {} : { templates: means(known) };
  return { ...found, index: means(index), ...templates, pictures: undefined };
}

/** A template an identity. */
function means({ rows, dim, identities, labels }: IdentityIndex): IdentityIndex {
  const names = Array.from(labels, (label) => identities[label]!);
  return createIdentityIndex({ embeddings: rows, dim, identities: names, templates: 'mean' });
}

/** Pictures without a name may be of one person: they are no impostor pairs. */
function knownOf(
  rows: Float32Array,
  dim: number,
  pictures: readonly EmbeddedPicture[],
  all: IdentityIndex,
): IdentityIndex | undefined {
  if (pictures.every(({ identity }) => identity !== '')) return all;
  const named = [...pictures.keys()].filter((row) => pictures[row]!.identity !== '');
  if (named.length === 0) return undefined;
  return createIdentityIndex({
    embeddings: gatherRows(rows, dim, named),
    dim,
    identities: named.map((row) => pictures[row]!.identity),
  });
}

function fitting(
  path: string,
  embeddings: Embeddings,
  { dim, fingerprint }: EmbeddingModel,
  { flip }: GallerySettings,
): Embeddings {
  const { model, flip: flipped } = embeddings.metadata;
  const refuse = (given: string, expected: string, fix: string): never => {
    throw new UsageError(given, expected, fix);
  };
  const again = 'embed its pictures by the same network: cf embed.';
  if (embeddings.dim !== dim)
    refuse(
      `--gallery ${path} with embeddings of ${embeddings.dim} numbers`,
      `${dim}, as the network gives`,
      again,
    );
  if (model !== undefined && model !== fingerprint)
    refuse(`--gallery ${path}, which another network has embedded`, 'embeddings of one network', again);
  if (flipped !== undefined && flipped !== `${flip}`)
    refuse(
      `--gallery ${path}, embedded ${flipped === 'true' ? 'with' : 'without'} --flip`,
      'one way to embed',
      flipped === 'true' ? 'add --flip.' : 'leave --flip out.',
    );
  return embeddings;
}

async function embedded(
  path: string,
  model: EmbeddingModel,
  { flip, align }: GallerySettings,
  options: LoadOptions & { readonly say: (line: string) => void },
): Promise<Pick<Embeddings, 'rows' | 'dim' | 'pictures'>> {
  const found = await findPictures(path, { ...options, align });
  const { indices, rows } = await embedAll(model, found, { flip, normalise: false }, options);
  return { rows, dim: model.dim, pictures: Array.from(indices, (index) => found.pictures[index]!) };
}
