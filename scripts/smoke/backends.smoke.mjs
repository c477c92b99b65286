import assert from 'node:assert/strict';
import { backendLaws, embeddedGoldens, replayGoldens } from '@cf/conformance';
import { referenceBackend } from '@cf/core';
import { gpujsBackend } from '@cf/gpujs';
import { onnxBackend } from '@cf/onnx';
import { tfjsBackend } from '@cf/tfjs';
import '@tensorflow/tfjs-backend-cpu';
import * as runtime from 'onnxruntime-node';

const goldens = await embeddedGoldens();
for (const backend of [
  referenceBackend(),
  await tfjsBackend({ backend: 'cpu' }),
  await gpujsBackend({ mode: 'cpu' }),
  await onnxBackend({ runtime }),
]) {
  const report = await replayGoldens(backend, goldens);
  assert(report.passed, `${backend.name}: golden values over tolerance`);
  await backend.dispose();
}
const seed = Number(process.env.CF_SEED || 1);
for (const law of backendLaws(referenceBackend, { precision: 'float64', runsPerLoss: 2, seed }))
  await law.run();
