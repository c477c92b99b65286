import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { firstLine } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { BackboneError } from '../../errors.ts';
import { RUN_FILES } from '../../run/run-folder.ts';
import { readRegular } from '../../settings/read-given.ts';
import type { TrainedNetwork } from '../network-in-training.ts';

/** Reads a layers model from its `model.json` and the weight files beside it. @throws BackboneError */
export async function loadLayers(file: string): Promise<tfl.LayersModel> {
  try {
    const json = JSON.parse(await readRegular(file)) as tf.io.ModelJSON;
    const groups = json.weightsManifest;
    const parts = await Promise.all(
      groups.flatMap(({ paths }) => paths).map((path) => readFile(besideOf(file, path))),
    );
    const bytes = Buffer.concat(parts);
    return await tfl.loadLayersModel(
      tf.io.fromMemory({
        modelTopology: json.modelTopology,
        weightSpecs: groups.flatMap(({ weights }) => weights),
        weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
      }),
    );
  } catch (cause) {
    throw new BackboneError(
      `'${file}' (${firstLine(cause)})`,
      'the model.json of a layers model, with its weight files beside it',
      'save the model with model.save(), or check the path after tfjs:.',
      cause,
    );
  }
}

/** A weight file of a model, which lies beside it or below. @throws Error for one that lies elsewhere */
function besideOf(file: string, path: string): string {
  const folder = dirname(file);
  const place = join(folder, path);
  const way = relative(folder, place);
  if (!isAbsolute(path) && !isAbsolute(way) && way.split(sep)[0] !== '..') return place;
  throw new Error(`its weight file '${path}' lies outside of its folder`);
}

/** A layers model as the files that `tf.loadLayersModel` reads. */
export async function layersFiles(model: tfl.LayersModel): Promise<TrainedNetwork['files']> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const { modelTopology, weightSpecs, weightData } = saved!;
  const json = {
    format: 'layers-model',
    generatedBy: `TensorFlow.js tfjs-layers v${tfl.version_layers}`,
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: [RUN_FILES.layersWeights], weights: weightSpecs }],
  };
  const parts = Array.isArray(weightData) ? weightData : [weightData!];
  return new Map([
    ['layers', new TextEncoder().encode(JSON.stringify(json))],
    ['layersWeights', Buffer.concat(parts.map((part) => new Uint8Array(part)))],
  ]);
}
