/**
 * Runs the golden values and some laws on the webgpu backend in Node, and prints what came of it as JSON.
 *
 * A process of its own: the native library reads its environment when it is loaded, and may crash at exit. Usage:
 *
 *     node webgpu-in-node.ts goldens [STRIDE]
 *     node webgpu-in-node.ts laws [all]
 */
import { embeddedGoldens, formatGoldenReport, replayGoldens } from '@cf/conformance';
import { create, globals } from 'webgpu';
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
    const stride = Number(process.argv[3] ?? 1);
    const file = await embeddedGoldens();
    const cases = file.cases.filter((_, index) => index % stride === 0);
    const report = await replayGoldens(backend, { ...file, cases });
    for (const row of report.rows) (row.passed ? result.passed : result.failed).push(row.loss);
    result.text = formatGoldenReport(report);
  } else {
    result = { ...(await runLaws(backend, process.argv[3] === 'all' ? 'all' : 'some')), text: '' };
  }
}
process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));
