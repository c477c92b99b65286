import { createHash } from 'node:crypto';
import type { ImageProblem } from '@cf/data';
import type { ImageSource } from '../dataset/image-source.ts';
import { readTensors, writeTensors } from '../run/safetensors.ts';
import type { FeatureExtractor } from './feature-extractor.ts';
import type { FeatureTable } from './feature-table.ts';

/** What a table of features depends on, as one number: pictures, extractor and mirror images. */
export async function featureFingerprint(
  extractor: Pick<FeatureExtractor, 'fingerprint'>,
  images: ImageSource,
  mirrored: Iterable<number>,
): Promise<string> {
  const hash = createHash('sha256').update(extractor.fingerprint);
  hash.update(await images.fingerprint());
  hash.update(Int32Array.from(mirrored));
  return hash.digest('hex');
}

/** A table with what was left out of it. */
export interface KeptFeatures {
  readonly table: FeatureTable;
  /** Pictures that could not be read. */
  readonly problems: readonly ImageProblem[];
}

/** Keeps a table for a resumed run, or another run on the same pictures. */
export async function writeFeatures(
  path: string,
  { table, problems }: KeptFeatures,
  fingerprint: string,
): Promise<void> {
  const count = table.indices.length;
  const shape = [count, table.dim];
  await writeTensors(
    path,
    {
      tensors: {
        indices: { shape: [count], data: Float64Array.from(table.indices) },
        rows: { shape, data: table.rows },
        ...(table.mirrored === undefined ? {} : { mirrored: { shape, data: table.mirrored } }),
      },
      metadata: { format: 'cf-features-1', fingerprint, problems: JSON.stringify(problems) },
    },
    { checksum: true },
  );
}

/** The table of an earlier run, if it is whole and of the same pictures, extractor and mirror images. */
export async function readFeatures(path: string, fingerprint: string): Promise<KeptFeatures | undefined> {
  const file = await readTensors(path).catch(() => undefined);
  if (file?.metadata.format !== 'cf-features-1' || file.metadata.fingerprint !== fingerprint)
    return undefined;
  const { indices, rows, mirrored } = file.tensors;
  return {
    table: {
      dim: rows!.shape[1]!,
      indices: Int32Array.from(indices!.data),
      rows: Float32Array.from(rows!.data),
      mirrored: mirrored === undefined ? undefined : Float32Array.from(mirrored.data),
    },
    problems: JSON.parse(file.metadata.problems!) as ImageProblem[],
  };
}
