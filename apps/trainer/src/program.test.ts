import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runProgram } from './program.ts';
import { temporaryFolder } from './testing.ts';

let stdout: string;
let stderr: string;
beforeEach(() => {
  stdout = '';
  stderr = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** What the process would exit with. */
async function cf(args: readonly string[]): Promise<number> {
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await runProgram(args);
    return Number(process.exitCode);
  } finally {
    process.exitCode = before;
  }
}

describe('help', () => {
  it.each(['train', 'eval', 'export', 'conformance', 'doctor', 'faces', 'simulate'])(
    'of cf %s has examples',
    async (command) => {
      const code = await cf([command, '--help']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(new RegExp(`Examples:\\n  cf ${command}`));
    },
  );

  it('of cf data suspects has examples', async () => {
    expect([await cf(['data', 'suspects', '--help']), stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/Examples:\n[\s\S]*cf data suspects --run/);
  });

  it('of cf lists commands and exit codes', async () => {
    const code = await cf(['--help']);
    expect(code).toBe(0);
    for (const text of ['train', 'eval', 'conformance', 'data', 'faces', 'Exit codes:', '130 interrupted'])
      expect(stdout).toContain(text);
  });
});

it('tells its version, and its usage where no command is given', async () => {
  expect(await cf(['--version'])).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  stdout = '';
  expect([await cf([]), stdout]).toEqual([2, '']);
  expect(stderr).toContain('Usage: cf');
});

describe('wrong flags', () => {
  it.each([
    [['trian'], /unknown command 'trian'.*\(Did you mean train\?\)/s],
    [['train', '--losss', 'x'], /unknown option '--losss'.*--loss/s],
    [['train', '--epochs', 'many'], /--epochs.*'many'.*not a number/s],
    [['train', '--loss', 'arcfac'], /did you mean 'arcface'/],
    [['train', '--head', 'cuda', '--out', '/nonexistent/x'], /backend 'cuda'/],
    [['train', '--resume', 'x', '--batch', '3'], /--resume with --batch/],
    [['train', '--new-centers', 'random'], /--new-centers without --init-from/],
    [['train', '--early-stopping', '3'], /--early-stopping without --validate-every/],
    [['train', '--checkpoint-every', '10days'], /checkpoint-every = .*10days.*500steps or 10min/],
    [['train', '--keep-checkpoints', '0'], /keep-checkpoints = 0/],
    [['train', '--data', 'x', '--identities', '9'], /--data with --identities/],
    [['train', '--backbone', 'onnx:x', '--pixels', '9'], /--backbone with --pixels/],
    [['train', '--train', 'all', '--pixels', '9'], /--train all with --pixels/],
    [['train', '--features-from', 'x'], /--train all with --features-from/],
    [['train', '--pixels', '9', '--augment-shift', '1'], /--pixels with --augment-shift/],
    [['train', '--train', 'embedding', '--no-augment-flip'], /--train embedding with --no-augment-flip/],
    [['train', '--train', 'embedding', '--threads', '2'], /--train embedding with --threads/],
    [['train', '--train', 'embedding', '--engine', 'tfjs'], /--train embedding with --engine/],
    [['train', '--engine', 'tfjs', '--threads', '2'], /the engine tfjs with --threads/],
    [['train', '--engine', 'tfjs', '--head', 'onnx'], /--engine tfjs with --head onnx/],
    [['train', '--engine', 'onnx', '--backbone', 'tfjs:a/model.json'], /with --engine onnx/],
    [['train', '--backbone', 'tfjs:a/model.json', '--freeze-bn'], /a layers model with --freeze-bn/],
    [['bench', 'head', '--backend', 'tfjs-wasm', '--loss', 'arcface'], /--backend tfjs-wasm with --loss/],
    [['bench', 'head', '--backend', 'tfjs-wasm', '--sub-centers', '2'], /tfjs-wasm with --sub-centers/],
    [['bench', 'head', '--los', 'arcface'], /unknown option '--los'/],
    [['train', '--label-noise-seed', '2'], /--label-noise-seed without --label-noise/],
    [['train', '--resume', 'x', '--dry-run'], /--resume with --dry-run/],
    [['bench', 'backbone', '--engine', 'tfjs', '--no-layers'], /--engine tfjs with --no-layers/],
    [['train', '--freeze-bn'], /a built-in backbone with --freeze-bn/],
    [['train', '--backbone', 'iresnet18', '--freeze-until', 'x'], /a built-in backbone with --freeze-until/],
    [['train', '--backbone', 'iresnet19'], /'iresnet19', expected tiny-iresnet, /],
    [['train', '--train', 'none'], /train = "none"/],
    [['train', '--min-images', '9'], /--min-images without --data/],
    [['eval', '--data', 'x', '--pairs', 'y'], /neither --model nor --run/],
    [['eval', '--run', 'x', '--input', 'raw', '--data', 'x', '--pairs', 'y'], /--run with --input/],
    [['eval', '--model', 'x.onnx', '--data', 'x', '--pairs', 'y'], /expected onnx:FILE/],
    [['eval', '--run', 'x'], /neither --pairs nor --identification/],
    [['simulate', '--ids', '1e8..1e5'], /ids = "1e8..1e5", expected .*FROM\.\.TO/],
    [['simulate', '--workers', 'many'], /workers = "many", expected .*FROM\.\.TO/],
    [['simulate', '--latency', '20'], /--latency without --bandwidth/],
    [['bench', 'ranks', '--ranks', '1'], /ranks = 1/],
    [['faces'], /--sheet, --out or both/],
    [
      ['export', '--model', 'onnx:x', '--out', 'y', '--quantise', '--calibration-pictures', '10001'],
      /calibration-pictures = 10001, expected .*10000/,
    ],
    [['conformance', '--goldens', '/nonexistent.json'], /--goldens \/nonexistent\.json \(ENOENT/],
  ])('%j exit with 2 and say why', async (args, message) => {
    const code = await cf(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe('folders and files that can not be used', () => {
  it.each([
    [['train', '--resume', '/nonexistent'], /no config\.json/],
    [['train', '--config', '/nonexistent.json'], /nonexistent\.json' \(ENOENT/],
    [['eval', '--run', '/nonexistent', '--data', 'x', '--pairs', 'y'], /no config\.json/],
    [['faces', '--identities', '1', '--images-per-identity', '1', '--sheet', '/nonexistent/x.png'], /x\.png/],
  ])('%j exit with 3 and say why', async (args, message) => {
    const code = await cf(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(3);
  });

  it('a run of an embedding from an earlier version is told so, with the way to train it again', async () => {
    const run = await temporaryFolder();
    await writeFile(join(run, 'config.json'), '{}');
    await writeFile(join(run, 'model.safetensors'), '');
    const code = await cf(['eval', '--run', run, '--data', 'x', '--pairs', 'y']);
    expect(stderr).toMatch(
      /model\.safetensors', of an earlier version, expected .*\nFix: .*cf train --config/,
    );
    expect(code).toBe(3);
  });
});
