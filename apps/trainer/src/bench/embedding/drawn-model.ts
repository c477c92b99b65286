import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackboneName, backbone } from '@cf/backbones';
import { writeSyntheticFolder } from '@cf/data/node';
import { encodeModel, onnxModel } from '@cf/onnx';

const EACH = 10;

/** Writes a file of a built-in network with its first weights, which take as long as trained ones. @returns its path */
export async function drawnModel(folder: string, name: BackboneName): Promise<string> {
  const file = join(folder, `${name}.onnx`);
  await writeFile(file, encodeModel(onnxModel(backbone(name))));
  return file;
}

/** Writes drawn pictures, JPEG of 112×112. @returns their folder */
export async function drawnPictures(folder: string, count: number): Promise<string> {
  const path = join(folder, 'faces');
  const identities = Math.ceil(count / EACH);
  await writeSyntheticFolder(path, { seed: 1, identities, imagesPerIdentity: EACH, format: 'jpeg' });
  return path;
}
