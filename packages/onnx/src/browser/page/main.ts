/// <reference types="vite/client" />
import { parseGoldens } from '@cf/conformance';
import goldensUrl from '@cf/conformance/goldens.json?url';
import { onnxBackend } from '../../head/onnx-backend.ts';
import { type ConformanceRun, conformanceRun } from '../../runtime/testing/conformance-run.ts';

/** A way to compute in a page. */
export interface WebMode {
  /** Execution provider of onnxruntime-web. */
  readonly provider: 'wasm' | 'webgpu';
  /** Threads of WebAssembly. */
  readonly threads: number;
  readonly elementwise: 'graph' | 'wasm';
  /** Laws are tried on every stride-th loss. */
  readonly stride: number;
}

declare global {
  /** Opens a backend once; its run is `conformance` from then on. @returns the backend's name, or what the browser lacks */
  var openBackend: (mode: WebMode) => Promise<{ name: string } | { absent: string }>;
  var conformance: ConformanceRun;
}

const RUNTIMES = {
  wasm: () => import('onnxruntime-web/wasm'),
  webgpu: () => import('onnxruntime-web/webgpu'),
};

globalThis.openBackend = async ({ provider, threads, elementwise, stride }) => {
  if (threads > 1 && !crossOriginIsolated) throw new Error('the page is not isolated, so it has no threads');
  if (provider === 'webgpu' && !(await navigator.gpu?.requestAdapter()))
    return { absent: 'an adapter for WebGPU' };
  const runtime = await RUNTIMES[provider]();
  runtime.env.wasm.numThreads = threads;
  const backend = await onnxBackend({ runtime, provider, elementwise });
  const goldens = await (await fetch(goldensUrl)).text();
  globalThis.conformance = conformanceRun(backend, parseGoldens(goldens, goldensUrl), stride);
  return { name: backend.name };
};
