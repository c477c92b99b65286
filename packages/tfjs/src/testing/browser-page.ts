import { formatGoldenReport, parseGoldens, replayGoldens } from '@cf/conformance';
import goldens from '@cf/conformance/goldens.json' with { type: 'json' };
import more from '@cf/conformance/goldens-more.json' with { type: 'json' };
import variants from '@cf/conformance/goldens-variants.json' with { type: 'json' };
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgl';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgpu';
import type { Draws } from '../../../../testing/draws.ts';
import { tfjsBackend } from '../index.ts';
import { type LawsOutcome, runLaws } from './some-laws.ts';

/** What the page tells the test. */
export interface PageResult {
  readonly cases: number;
  readonly passed: boolean;
  readonly text: string;
  readonly isolated: boolean;
  /** Threads of the wasm backend, where it is the one. */
  readonly threads: boolean;
}

/** Replays all golden cases on a backend. */
export async function replay(backend: string): Promise<PageResult> {
  setWasmPaths('/wasm/');
  const files = Object.entries({ goldens, more, variants });
  const file = {
    cases: files.flatMap(([name, json]) => parseGoldens(JSON.stringify(json), `${name}.json`).cases),
  };
  const report = await replayGoldens(await tfjsBackend({ backend }), file);
  return {
    cases: file.cases.length,
    passed: report.passed,
    text: formatGoldenReport(report),
    isolated: globalThis.crossOriginIsolated,
    threads: await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT').then(Boolean),
  };
}

/** Runs laws on a backend. */
export async function laws(backend: string, which: 'all' | 'some', draws: Draws): Promise<LawsOutcome> {
  setWasmPaths('/wasm/');
  return runLaws(await tfjsBackend({ backend }), which, draws);
}
