import { parseGoldens } from '@cf/conformance';
import losses from '@cf/conformance/goldens.json' with { type: 'json' };
import more from '@cf/conformance/goldens-more.json' with { type: 'json' };
import variants from '@cf/conformance/goldens-variants.json' with { type: 'json' };
import { curricularFace } from '@cf/core';
import { learnerOptimiser, sgd } from '@cf/training';
import type { Draws } from '../../../../../testing/draws.ts';
import { onnxBackend } from '../../head/onnx-backend.ts';
import { type ProviderProof, proveProvider } from '../../proof/prove-provider.ts';
import { type ConformanceRun, conformanceRun } from './conformance-run.ts';
import { keptSessions } from './kept-sessions.ts';

/** A way to compute in a page. */
export interface WebMode {
  /** Execution provider of onnxruntime-web. */
  readonly provider: 'wasm' | 'webgpu';
  /** Threads of WebAssembly. */
  readonly threads: number;
  readonly elementwise: 'graph' | 'wasm';
  /** Laws are tried on every stride-th loss. */
  readonly stride: number;
  readonly draws: Draws;
}

const RUNTIMES = {
  wasm: () => import('onnxruntime-web/wasm'),
  webgpu: () => import('onnxruntime-web/webgpu'),
};

/** The proof of a provider, or what the browser lacks. */
export async function prove(
  provider: 'wasm' | 'webgpu',
): Promise<ProviderProof | { readonly absent: string }> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  if (provider === 'webgpu' && !(await gpu?.requestAdapter())) return { absent: 'an adapter for WebGPU' };
  const runtime = await RUNTIMES[provider]();
  runtime.env.wasm.numThreads = 1;
  const network = { optimiser: learnerOptimiser({ rule: sgd({ momentum: 0.9 }) }) };
  return proveProvider({ runtime, provider, head: { loss: curricularFace() }, network });
}

/** A run on a backend that is opened for it, or what the browser lacks. */
export async function openBackend({
  provider,
  threads,
  elementwise,
  stride,
  draws,
}: WebMode): Promise<ConformanceRun | { readonly absent: string }> {
  if (threads > 1 && !crossOriginIsolated) throw new Error('the page is not isolated, so it has no threads');
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  if (provider === 'webgpu' && !(await gpu?.requestAdapter())) return { absent: 'an adapter for WebGPU' };
  const runtime = await RUNTIMES[provider]();
  runtime.env.wasm.numThreads = threads;
  const backend = await onnxBackend({ runtime: keptSessions(runtime), provider, elementwise });
  const cases = [losses, more, variants].flatMap(
    (file) => parseGoldens(JSON.stringify(file), 'goldens').cases,
  );
  return conformanceRun(backend, { cases }, draws, stride);
}
