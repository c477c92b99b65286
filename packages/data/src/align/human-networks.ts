import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { BLAZE_SIDE, decodeBlazeFaces } from './blaze-face.ts';
import { MESH_SIDE } from './face-mesh.ts';
import type { FaceNetworks } from './find-faces.ts';

/** BlazeFace calls less than this no face; the mesh is the judge of the rest. */
const LEAST_SCORE = 0.4;

/** Opens BlazeFace and the face mesh from the files of @vladmandic/human, on TensorFlow.js' wasm backend of this thread. */
export async function openHumanNetworks(models: string): Promise<FaceNetworks> {
  const tf = await import('@tensorflow/tfjs');
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  tf.enableProdMode();
  // A thread a picture is faster than several on one.
  wasm.setThreadsCount(1);
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend of TensorFlow.js does not start');
  const blaze = await loadGraph(tf, models, 'blazeface');
  const mesh = await loadGraph(tf, models, 'facemesh');
  const input = (data: Uint8Array, side: number, divide: number, subtract: number): tfjs.Tensor4D => {
    const numbers = new Float32Array(data.length);
    for (let i = 0; i < numbers.length; i++) numbers[i] = data[i]! / divide - subtract;
    return tf.tensor4d(numbers, [1, side, side, 3]);
  };
  const run = async (model: tfjs.GraphModel, tensor: tfjs.Tensor): Promise<readonly Float32Array[]> => {
    const outputs = [model.execute(tensor)].flat();
    const arrays = await Promise.all(outputs.map((output) => output.data() as Promise<Float32Array>));
    tf.dispose([tensor, ...outputs]);
    return arrays;
  };
  return {
    async blazeFace({ data }) {
      // Scores and boxes of the coarse and the fine grid, told apart by their lengths.
      const arrays = await run(blaze, input(data, BLAZE_SIDE, 127.5, 1));
      const [coarse, fine, coarseBoxes, fineBoxes] = [...arrays].sort((a, b) => a.length - b.length);
      return decodeBlazeFaces(
        [
          { scores: fine!, boxes: fineBoxes! },
          { scores: coarse!, boxes: coarseBoxes! },
        ],
        LEAST_SCORE,
      );
    },
    async faceMesh({ data }) {
      const arrays = await run(mesh, input(data, MESH_SIDE, 255, 0));
      const points = arrays.find(({ length }) => length === 468 * 3);
      const score = arrays.find(({ length }) => length === 1);
      return { points: points!, score: score![0]! };
    },
  };
}

async function loadGraph(tf: typeof tfjs, models: string, name: string): Promise<tfjs.GraphModel> {
  const json = JSON.parse(await readFile(join(models, `${name}.json`), 'utf8')) as tfjs.io.ModelJSON;
  const groups = json.weightsManifest;
  const parts = await Promise.all(
    groups.flatMap(({ paths }) => paths).map((path) => readFile(join(models, path))),
  );
  const bytes = new Uint8Array(Buffer.concat(parts));
  return tf.loadGraphModel(
    tf.io.fromMemory({
      modelTopology: json.modelTopology,
      ...(json.signature !== undefined && { signature: json.signature }),
      weightSpecs: groups.flatMap(({ weights }) => weights),
      weightData: bytes.buffer,
      format: 'graph-model',
    }),
  );
}
