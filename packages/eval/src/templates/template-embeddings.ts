import { NonFiniteError, type OptionNames, requireKnownOptions, ShapeMismatchError } from '@cf/core';
import type { UnitName } from '../bootstrap/pair-units.ts';

/** What {@link templateEmbeddings} is given. */
export interface TemplateInput {
  /** `[N, d]` embeddings of pictures and frames, row-major. */
  readonly embeddings: Float32Array | Float64Array;
  /** d, the number of columns. */
  readonly dim: number;
  /** `[N]` the template of each. */
  readonly templates: ArrayLike<UnitName>;
  /** `[N]` the medium of each: frames of one video have one. If left out, each picture is a medium of its own. */
  readonly media?: ArrayLike<UnitName> | undefined;
  /** Whether embeddings are brought to length 1 first; false if left out, so that the longer ones weigh more. */
  readonly unit?: boolean | undefined;
}

/** One embedding a template. */
export interface Templates {
  /** `[T]`, in the order in which they come up. */
  readonly names: readonly UnitName[];
  /** `[T, d]`, of length 1; zeros where everything cancels out. */
  readonly embeddings: Float64Array;
}

const OPTIONS: OptionNames<TemplateInput> = {
  embeddings: true,
  dim: true,
  templates: true,
  media: true,
  unit: true,
};

/**
 * Embeddings of templates, as IJB-A, -B and -C have them: frames of one video are averaged first, then the media of the
 * template, and the mean is brought to length 1. A video of many frames so weighs as much as one photograph.
 *
 * O(N·d), 8·d bytes a medium. A picture may be in several templates: give its row once for each.
 *
 * @throws ShapeMismatchError (`E_SHAPE`) if there is not one template and one medium a row.
 * @throws NonFiniteError (`E_NON_FINITE`) if an embedding holds NaN or an infinity.
 * @see Klare et al., IARPA Janus Benchmark A, CVPR 2015; Whitelam et al., IJB-B, 2017; Maze et al., IJB-C, 2018.
 */
export function templateEmbeddings(input: TemplateInput): Templates {
  requireKnownOptions('templateEmbeddings', input, OPTIONS);
  const { embeddings, dim, templates, media, unit = false } = input;
  const rows = embeddings.length / dim;
  const isWhole = Number.isInteger(dim) && dim > 0 && rows === templates.length;
  if (!isWhole || (media !== undefined && media.length !== rows)) {
    throw new ShapeMismatchError(
      `${embeddings.length} numbers in rows of dim = ${dim}, ${templates.length} templates${media === undefined ? '' : `, ${media.length} media`}`,
      'embeddings [N, dim], N templates and N media',
      'name template and medium of every row.',
    );
  }
  const index = embeddings.findIndex((value) => !Number.isFinite(value));
  if (index >= 0) {
    const fix = 'look at the picture or the model that gave this embedding.';
    throw new NonFiniteError('embeddings', index, embeddings[index]!, fix);
  }
  const mediaOf = new Map<UnitName, Map<UnitName, number[]>>();
  for (let row = 0; row < rows; row++) {
    const template = templates[row]!;
    const own = mediaOf.get(template) ?? new Map<UnitName, number[]>();
    mediaOf.set(template, own);
    const medium = media === undefined ? row : media[row]!;
    const frames = own.get(medium);
    if (frames === undefined) own.set(medium, [row]);
    else frames.push(row);
  }
  const out = new Float64Array(mediaOf.size * dim);
  const names = [...mediaOf.keys()];
  for (const [place, name] of names.entries()) {
    const mean = out.subarray(place * dim, (place + 1) * dim);
    for (const frames of mediaOf.get(name)!.values()) {
      for (const row of frames)
        addRow(mean, embeddings.subarray(row * dim, (row + 1) * dim), frames.length, unit);
    }
    scaleToUnit(mean);
  }
  return { names, embeddings: out };
}

/** Adds a frame's share of its medium; the media's share of the template falls out with the length. */
function addRow(to: Float64Array, row: Float32Array | Float64Array, frames: number, unit: boolean): void {
  const length = unit ? Math.hypot(...row) : 1;
  if (length === 0) return;
  for (let k = 0; k < row.length; k++) to[k]! += row[k]! / length / frames;
}

function scaleToUnit(vector: Float64Array): void {
  const length = Math.hypot(...vector);
  if (length > 0) for (let k = 0; k < vector.length; k++) vector[k]! /= length;
}
