import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { onAdapter } from '../../../testing/webgpu-adapter.ts';
import { smallOnnx } from './testing/onnx-files.ts';
import { temporaryFolder } from './testing.ts';
import { type CliOptions, type CliResult, cf, facesWithPairs, metricsOf } from './testing-cli.ts';

/** Milliseconds: on SwiftShader every process compiles its shaders anew. */
const PATIENCE = 600_000;

let base: string;
let flags: readonly string[];
beforeAll(async () => {
  base = await temporaryFolder();
  const file = join(base, 'small.onnx');
  await writeFile(file, smallOnnx());
  flags = [
    'train',
    '--identities=12',
    '--images-per-identity=4',
    '--epochs=2',
    '--batch=20',
    '--lr=0.05',
    '--warmup-steps=0',
    '--augment-shift=0',
    '--no-flip',
    '--threads=1',
    `--backbone=onnx:${file}`,
  ];
});

const jsonOf = async (...path: readonly string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(...path), 'utf8'));

describe('a device that is not there is an error with what brings it, and leaves no folder', () => {
  const absent = [
    { name: 'dml', is: process.platform === 'win32', fix: /Windows/ },
    { name: 'coreml', is: process.platform === 'darwin', fix: /macOS/ },
    { name: 'cuda', is: existsSync('/dev/nvidiactl'), fix: /ONNXRUNTIME_NODE_INSTALL=cuda12/ },
  ];
  for (const { name, is, fix } of absent) {
    it.skipIf(is)(`${name} (on a machine without)`, async () => {
      const run = join(base, name);
      const { code, stdout, stderr } = await cf([...flags, '--device', name, '--out', run]);
      expect([code, stdout]).toEqual([3, '']);
      expect(stderr).toMatch(new RegExp(`^BackendError \\[E_BACKEND\\]: provider '${name}'`));
      expect(stderr).toMatch(fix);
      expect(existsSync(run)).toBe(false);
    });
  }
});

it.skipIf(process.platform === 'win32')(
  'other commands refuse it the same way (on a machine without dml)',
  async () => {
    const commands = [
      ['eval', '--model', 'onnx:none.onnx', '--data', 'none', '--pairs', 'none'],
      ['bench', 'head'],
      ['bench', 'backbone'],
      ['conformance', '--backend', 'onnx'],
    ];
    for (const command of commands) {
      const { code, stdout, stderr } = await cf([...command, '--device=dml']);
      expect([code, stdout], command.join(' ')).toEqual([3, '']);
      expect(stderr).toMatch(/E_BACKEND\]: provider 'dml'.*\nFix: .*Windows/);
    }
    const others = [
      ['bench', 'head', '--backend=reference'],
      ['bench', 'backbone', '--engine=tfjs'],
      ['conformance', '--backend=reference'],
    ];
    for (const command of others)
      expect((await cf([...command, '--device=webgpu'])).code, command.join(' ')).toBe(2);
  },
);

it('a device that is unknown, and one beside an engine that has none, are told', async () => {
  const unknown = await cf([...flags, '--device=gpu']);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toMatch(/device = "gpu", expected one of "cpu", "webgpu"/);
  const engine = await cf(['train', '--engine=tfjs', '--device=webgpu']);
  expect(engine.code).toBe(2);
  expect(engine.stderr).toMatch(/the engine tfjs with --device.*\n.*for --engine onnx/);
});

it('auto takes the processor where there is no card, and says why', async () => {
  const environment = { VK_ICD_FILENAMES: join(base, 'no-driver.json') };
  const { stdout } = await cf([...flags, '--device=auto', '--out', join(base, 'auto')], { environment });
  const { device } = await jsonOf(base, 'auto', 'environment.json');
  expect(stdout).toMatch(new RegExp(`^device ${device}: .*(is not there|no other provider|proven)`));
  expect((await jsonOf(base, 'auto', 'config.json')).device).toBe('auto');
});

describe('cf on webgpu (needs an adapter)', () => {
  /** A call that fails for want of an adapter is an error. */
  const onCard = async (args: readonly string[], options: CliOptions): Promise<CliResult> => {
    const result = await cf(args, options);
    if (result.stderr.includes('E_BACKEND')) throw new Error(result.stderr);
    return result;
  };

  it(
    'trains and scores as on the processor',
    async ({ skip }) => {
      const run = join(base, 'webgpu');
      const found = await onAdapter(async (environment) => {
        const result = await onCard([...flags, '--device=webgpu', '--out', run], { environment });
        return { environment, result };
      });
      if ('absent' in found) return skip(`needs ${found.absent}`);
      const { environment, result } = found;
      expect(result.code).toBe(0);
      const lines = result.stdout.split('\n');
      expect(lines[0]).toMatch(
        /^device webgpu: proven on golden cases \(head off by \d\.\de-\d, network off by \d\.\de-\d\)$/,
      );
      expect(result.stdout).toMatch(/head 'onnx-webgpu'/);
      expect(await jsonOf(run, 'environment.json')).toMatchObject({ device: 'webgpu', head: 'onnx-webgpu' });
      expect((await jsonOf(run, 'config.json')).device).toBe('webgpu');

      const processor = join(base, 'cpu');
      expect((await cf([...flags, '--out', processor])).code).toBe(0);
      const [there, here] = [await metricsOf(run), await metricsOf(processor)];
      expect(there).toHaveLength(here.length);
      there.forEach((metrics, step) => {
        const expected = here[step]!;
        expect(metrics.loss! / expected.loss!).toBeCloseTo(1, 3);
        expect(metrics.gradientNorm! / expected.gradientNorm!).toBeCloseTo(1, 2);
      });
      // Two processors did compute them.
      expect(there).not.toEqual(here);

      const pairs = await facesWithPairs(base, 12);
      const score = async (device: string): Promise<string> => {
        const args = ['eval', '--run', run, ...pairs, '--device', device];
        const { code, stdout, stderr } = await onCard(args, { environment });
        expect(code).toBe(0);
        expect(stderr.includes('device webgpu: proven')).toBe(device === 'webgpu');
        return stdout.slice(0, stdout.indexOf('best threshold'));
      };
      expect(await score('webgpu')).toBe(await score('cpu'));
    },
    PATIENCE,
  );

  it(
    'a run goes on on another device, which is recorded',
    async ({ skip }) => {
      const run = join(base, 'moved');
      const many = flags.map((flag) => (flag === '--epochs=2' ? '--epochs=20' : flag));
      const there = async (): Promise<boolean> => existsSync(join(run, 'checkpoint.safetensors'));
      const started = await onAdapter((environment) =>
        onCard([...many, '--device=webgpu', '--out', run], {
          environment,
          signal: { name: 'SIGINT', when: there },
        }),
      );
      if ('absent' in started) return skip(`needs ${started.absent}`);
      expect(started.code).toBe(130);
      const { code, stdout } = await cf(['train', '--resume', run, '--device=cpu']);
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /^the run goes on elsewhere than it began.*: device webgpu → cpu,.* head onnx-webgpu → onnx-cpu/m,
      );
      const step = Number(/resumed at step (\d+)/.exec(stdout)![1]);
      expect((await jsonOf(run, 'config.json')).device).toBe('cpu');
      expect(await jsonOf(run, 'environment.json')).toMatchObject({
        device: 'webgpu',
        resumed: [{ afterStep: step, device: 'cpu', head: 'onnx-cpu' }],
      });
      expect(await metricsOf(run)).toHaveLength(40);
    },
    PATIENCE,
  );
});
