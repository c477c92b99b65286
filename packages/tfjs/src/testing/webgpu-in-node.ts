/**
 * Runs the golden values or the laws on the webgpu backend in Node, and prints what came of it as JSON.
 *
 * A process of its own: the native library reads its environment when it is loaded, and may crash at exit. Usage:
 *
 *     node webgpu-in-node.ts goldens
 *     node webgpu-in-node.ts laws all
 *     node webgpu-in-node.ts laws some
 */
import { embeddedGoldens, formatGoldenReport, replayGoldens } from '@cf/conformance';
import { create, globals } from 'webgpu';
import { readDraws } from '../../../../testing/draws.ts';
import { runLaws } from './some-laws.ts';

Object.assign(globalThis, globals);
Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]) }, configurable: true });
await import('@tensorflow/tfjs-backend-webgpu');
const { tfjsBackend } = await import('../index.ts');

let result: { passed: string[]; failed: string[]; text: string } = { passed: [], failed: [], text: '' };
if ((await navigator.gpu.requestAdapter()) === null) {
  result.text = 'no adapter';
} else {
  const backend = await tfjsBackend({ backend: 'webgpu' });
  if (process.argv[2] === 'goldens') {
    const report = await replayGoldens(backend, await embeddedGoldens());
    for (const row of report.rows) (row.passed ? result.passed : result.failed).push(row.loss);
    result.text = formatGoldenReport(report);
  } else {
    result = {
      ...(await runLaws(backend, process.argv[3] === 'all' ? 'all' : 'some', readDraws())),
      text: '',
    };
  }
}
process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));
