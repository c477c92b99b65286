import { spawn } from 'node:child_process';
import { appendFile, copyFile, cp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { readTensors, writeTensors } from './run/safetensors.ts';
import { contents, temporaryFolder } from './testing.ts';
import { cf, metricsOf, SMALL } from './testing-cli.ts';

let base: string;
/** A run of eight steps, two epochs. */
let whole: string;
beforeAll(async () => {
  base = await temporaryFolder();
  whole = join(base, 'whole');
  expect((await cf(['train', ...SMALL, '--no-control', '--out', whole])).code).toBe(0);
});

/** A copy of the run, to do something to. */
async function copyOf(name: string): Promise<string> {
  const copy = join(base, name);
  await cp(whole, copy, { recursive: true });
  return copy;
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => ({ size: 0 }))).size;

describe('a run that goes on', () => {
  it('belongs to its process: a resume and a list of suspects are refused, and it ends as if nothing was', async () => {
    const run = join(base, 'going');
    const flags = [...SMALL.filter((flag) => !/epochs|batch/.test(flag)), '--epochs=40', '--batch=2'];
    let others: readonly Awaited<ReturnType<typeof cf>>[] = [];
    const { code, stdout } = await cf(
      ['train', ...flags, '--no-control', '--features-from', whole, '--out', run],
      {
        signal: {
          name: 'SIGTERM',
          when: async () => {
            if ((await sizeOf(join(run, 'metrics.jsonl'))) === 0) return false;
            others = await Promise.all([
              cf(['train', '--resume', run]),
              cf(['train', ...SMALL, '--out', run]),
              cf(['data', 'suspects', '--run', run]),
            ]);
            return true;
          },
        },
      },
    );
    expect([code, stdout.includes('interrupted; go on with')]).toEqual([130, true]);
    const [resumed, anew, suspects] = others as [(typeof others)[0], (typeof others)[0], (typeof others)[0]];
    for (const { code: refused, stderr } of [resumed, suspects]) {
      expect(stderr).toMatch(
        new RegExp(
          `^RunFolderError \\[E_RUN\\]: '.*going', which process \\d+ on ${hostname()}, since .* writes to, `,
        ),
      );
      expect(refused).toBe(3);
    }
    expect(anew.stderr).toMatch(/holds \d+ files/);
    expect((await readdir(run)).filter((name) => /lock|tmp/.test(name))).toEqual([]);
  });
});

describe('a resume', () => {
  it('goes on past the epochs first asked for, and says how the schedule stretches', async () => {
    const run = await copyOf('longer');
    const { code, stdout } = await cf(['train', '--resume', run, '--epochs', '4', '--keep-checkpoints', '1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^resumed at step 8$/m);
    expect(stdout).toMatch(
      /^epochs 2 → 4: the schedule cosine now ends at step 16, not 8; the next learning rate is 0\.\d+, and was to be 0$/m,
    );
    expect((await metricsOf(run)).map(({ step }) => step)).toEqual(
      Array.from({ length: 16 }, (_, i) => i + 1),
    );
    expect(JSON.parse(await readFile(join(run, 'config.json'), 'utf8'))).toMatchObject({ epochs: 4 });
    expect((await readdir(run)).filter((name) => name.startsWith('checkpoint'))).toEqual([
      'checkpoint.safetensors',
    ]);
    const fewer = await cf(['train', '--resume', run, '--epochs', '3']);
    expect(fewer.stderr).toMatch(/at step 16, expected at most 12, the steps of 3 epochs on 144 samples/);
    expect(fewer.code).toBe(3);
  });

  it('says what was edited in config.json', async () => {
    const run = await copyOf('edited');
    const file = join(run, 'config.json');
    const config = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...config, learningRate: 0.01, epochs: 3 }));
    const { code, stdout } = await cf(['train', '--resume', run]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^config\.json is not what the checkpoint was trained by.*: learningRate 0\.02 → 0\.01$/m,
    );
    expect(stdout).toMatch(/^epochs 2 → 3: /m);
    const again = await cf(['train', '--resume', run]);
    expect(again.stdout).not.toMatch(/config\.json|epochs/);
  });

  it.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    [
      'with one bit flipped',
      async (path) => {
        const bytes = await readFile(path);
        bytes[bytes.length - 77]! ^= 4;
        await writeFile(path, bytes);
      },
      /\(damaged or cut short: its checksum is another\)/,
    ],
    [
      'with a step of 99,999,999',
      async (path) => {
        const bytes = await readFile(path);
        await writeFile(
          path,
          bytes.toString('latin1').replace('"step\\":8,', '"step\\":99999999,'),
          'latin1',
        );
      },
      /\(damaged or cut short/,
    ],
    ['that somebody has removed', (path) => rm(path), /without checkpoint\.safetensors/],
  ])('refuses a checkpoint %s, and names the one before', async (_, spoil, message) => {
    const run = await copyOf('spoiled');
    const path = join(run, 'checkpoint.safetensors');
    await spoil(path);
    const before = await contents(run);
    const refused = await cf(['train', '--resume', run]);
    expect(refused.stderr).toMatch(message);
    expect(refused.stderr).not.toMatch(/\n\s+at /);
    expect(refused.code).toBe(3);
    expect(await contents(run)).toEqual(before);
    const [, from] = /go on from step 4, which is whole: mv (\S+) /.exec(refused.stderr)!;
    await rename(from!, path);
    expect((await cf(['train', '--resume', run])).code).toBe(0);
    expect(await readFile(join(run, 'model.onnx'))).toEqual(await readFile(join(whole, 'model.onnx')));
    await rm(run, { recursive: true });
  });

  it('refuses a step past the end whose checksum was made anew', async () => {
    const run = await copyOf('forged');
    const path = join(run, 'checkpoint.safetensors');
    const { tensors, metadata } = await readTensors(path);
    const values = metadata.values!.replace('"step":8', '"step":99999999');
    await writeTensors(path, { tensors, metadata: { ...metadata, values } }, { checksum: true });
    const { code, stderr } = await cf(['train', '--resume', run]);
    expect(stderr).toMatch(/at step 99999999, expected at most 8, the steps of 2 epochs on 144 samples/);
    expect(code).toBe(3);
  });

  it('reads a checkpoint of the form before, and says that it has no checksum', async () => {
    const run = await copyOf('earlier');
    const path = join(run, 'checkpoint-4.safetensors');
    const { tensors, metadata } = await readTensors(path);
    const { sha256: _, config: __, validations: ___, ...before } = metadata;
    const file = { tensors, metadata: { ...before, format: 'cf-checkpoint-2' } };
    await writeTensors(join(run, 'checkpoint.safetensors'), file);
    const { code, stdout } = await cf(['train', '--resume', run]);
    expect(stdout).toMatch(/^the checkpoint is of an earlier form, without a checksum/m);
    expect(code).toBe(0);
    expect(await readFile(join(run, 'model.onnx'))).toEqual(await readFile(join(whole, 'model.onnx')));
  });
});

describe('scores on the way', () => {
  const flags = [...SMALL.filter((flag) => !/epochs/.test(flag)), '--no-control', '--epochs=6', '--lr=0.2'];
  const validated = [...flags, '--validate-every=1', '--checkpoint-every=1step'];

  it('keep the best, change no bit of the training, and are the same after a kill', async () => {
    const [plain, run, killed] = ['plain', 'scored', 'scored-killed'].map((name) => join(base, name)) as [
      string,
      string,
      string,
    ];
    const from = ['--features-from', whole];
    expect((await cf(['train', ...flags, ...from, '--out', plain])).code).toBe(0);
    const { code, stdout } = await cf(['train', ...validated, ...from, '--out', run]);
    expect(code).toBe(0);
    expect(await metricsOf(run)).toEqual(await metricsOf(plain));
    const lines = (await readFile(join(run, 'validation.jsonl'), 'utf8')).trimEnd().split('\n');
    const scores = lines.map((line) => JSON.parse(line) as { epoch: number; accuracy: number; auc: number });
    expect(scores.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    const best = scores.reduce((a, b) =>
      b.accuracy > a.accuracy || (b.accuracy === a.accuracy && b.auc > a.auc) ? b : a,
    );
    expect(stdout).toContain(`the model is that of epoch ${best.epoch}, whose validation was best`);
    const results = JSON.parse(await readFile(join(run, 'results.json'), 'utf8'));
    expect(results[0]).toMatchObject({ name: 'trained', accuracy: best.accuracy });
    expect(await readFile(join(run, 'report.html'), 'utf8')).toContain('the scored pairs have chosen it');

    await cf(['train', ...validated, ...from, '--out', killed], {
      signal: { name: 'SIGKILL', when: async () => (await sizeOf(join(killed, 'validation.jsonl'))) > 200 },
    });
    const resumed = await cf(['train', '--resume', killed]);
    expect(resumed.stdout).toMatch(
      /was left by process \d+ on .*, which is gone \(no such process.*: taken over$/m,
    );
    expect(resumed.code).toBe(0);
    for (const name of ['model.onnx', 'results.json', 'validation.jsonl', 'checkpoint-best.safetensors'])
      expect(await readFile(join(killed, name)), name).toEqual(await readFile(join(run, name)));
  });

  it('end a training when they get no better, and a resume has nothing left to do but by more patience', async () => {
    const run = join(base, 'early');
    const patient = [...validated.filter((flag) => !/lr/.test(flag)), '--lr=1e-9', '--early-stopping=2'];
    const { code, stdout, stderr } = await cf(['train', ...patient, '--features-from', whole, '--out', run]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/training: stopped early at step 12 of 24/);
    expect(stdout).toMatch(/^no better in 2 scores: training ends after epoch 3 of 6$/m);
    expect(await metricsOf(run)).toHaveLength(12);
    const model = await readFile(join(run, 'model.onnx'));
    const again = await cf(['train', '--resume', run]);
    expect(again.code).toBe(0);
    expect(await readFile(join(run, 'model.onnx'))).toEqual(model);
    const more = await cf(['train', '--resume', run, '--early-stopping', '3']);
    expect(more.stdout).toMatch(/training ends after epoch 4 of 6/);
  });
});

describe('where nothing can be written any more', () => {
  /** Within limits of the shell, in the folder `base`. */
  const limited = (
    limit: string,
    args: readonly string[],
  ): Promise<{ code: number | null; stderr: string }> =>
    new Promise((done) => {
      const command = `${limit}; exec "$0" "$@"`;
      const program = [process.execPath, join(import.meta.dirname, 'cli.ts'), ...args];
      const child = spawn('bash', ['-c', command, ...program], {
        cwd: base,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text) => {
        stderr += text;
      });
      child.on('close', (code) => done({ code, stderr }));
    });

  it('a disk that is full ends in one line and 3, and the last whole checkpoint goes on to the same bits', async () => {
    const run = await copyOf('full');
    await copyFile(join(run, 'checkpoint-4.safetensors'), join(run, 'checkpoint.safetensors'));
    await rm(join(run, 'checkpoint-4.safetensors'));
    await appendFile(join(run, 'metrics.jsonl'), ' '.repeat(8000));
    await rm(join(run, 'model.onnx'));
    const { code, stderr } = await limited('ulimit -f 16', ['train', '--resume', run]);
    const told = stderr.split('\n').filter((line) => /Error/.test(line));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^OutputError \[E_OUTPUT\]: '.*checkpoint\.safetensors' \(EFBIG/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(3);
    expect((await readdir(run)).filter((name) => /lock|tmp/.test(name))).toEqual([]);
    expect((await cf(['train', '--resume', run])).code).toBe(0);
    expect(await readFile(join(run, 'model.onnx'))).toEqual(await readFile(join(whole, 'model.onnx')));
  });

  it('a folder that was removed is named, and no new one appears', async () => {
    const run = join(base, 'removed');
    const flags = [...SMALL.filter((flag) => !/epochs|batch/.test(flag)), '--epochs=400', '--batch=2'];
    const { code, stderr } = await cf(
      ['train', ...flags, '--no-control', '--features-from', whole, '--out', run],
      {
        signal: {
          name: 'SIGCONT',
          when: async () => {
            if ((await sizeOf(join(run, 'metrics.jsonl'))) === 0) return false;
            await rm(run, { recursive: true });
            return true;
          },
        },
      },
    );
    expect(stderr).toMatch(/Error \[E_(RUN|OUTPUT)\]: '.*removed/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(3);
    await setTimeout(50);
    expect(await readdir(base)).not.toContain('removed');
  });

  it('a program without descriptors left ends in its exit code, and leaves a run as it was', async () => {
    const run = await copyOf('descriptors');
    const before = await readFile(join(run, 'checkpoint.safetensors'));
    const codes = new Set<number | null>();
    for (const limit of [22, 26, 32]) {
      const { code, stderr } = await limited(`ulimit -n ${limit}`, ['train', '--resume', run]);
      codes.add(code);
      if (code === 3) expect(stderr.split('\n').filter((line) => /Error \[/.test(line))).toHaveLength(1);
      expect(await readFile(join(run, 'checkpoint.safetensors'))).toEqual(before);
    }
    expect([...codes].sort()).toEqual([0, 3]);
    expect((await cf(['train', '--resume', run])).code).toBe(0);
  });
});

it('a warm-up that does not end is warned about, also in the report', async () => {
  const run = join(base, 'warm');
  const flags = ['--no-control', '--features-from', whole, '--warmup-steps=100000'];
  const { stdout } = await cf(['train', ...SMALL, ...flags, '--out', run]);
  expect(stdout).toMatch(/^warning: the warm-up of 100000 steps does not end within the training's 8: /m);
  expect(await readFile(join(run, 'report.html'), 'utf8')).toContain(
    'the warm-up of 100000 steps does not end',
  );
});
