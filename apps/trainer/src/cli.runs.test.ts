import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, relative } from 'node:path';
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

describe.concurrent('a run that goes on', () => {
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

describe.concurrent('a resume', () => {
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
    expect(fewer.stderr).toMatch(/at step 16, expected at most 12, the steps of 3 epochs on 72 samples/);
    expect(fewer.code).toBe(3);
    // What was refused is not kept: the run can be gone on with as before.
    expect(JSON.parse(await readFile(join(run, 'config.json'), 'utf8'))).toMatchObject({ epochs: 4 });
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
    // Also where the checkpoint does not fit it.
    await writeFile(file, JSON.stringify({ ...config, seed: 1, data: { ...config.data, seed: 1 } }));
    const refused = await cf(['train', '--resume', run]);
    expect(refused.stdout).toMatch(/^config\.json is not what .*data\.seed 0 → 1/m);
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringMatching(/on other pictures/)]);
  });

  it('refuses a checkpoint with a flipped bit, or a step of 99,999,999, and names the one before', async () => {
    const run = await copyOf('spoiled');
    const path = join(run, 'checkpoint.safetensors');
    const bytes = await readFile(path);
    const flipped = Uint8Array.from(bytes);
    flipped[bytes.length - 77]! ^= 4;
    const ahead = bytes.toString('latin1').replace('"step\\":8,', '"step\\":99999999,');
    let mend = ['', ''];
    for (const spoiled of [flipped, Buffer.from(ahead, 'latin1')]) {
      expect(Buffer.compare(bytes, spoiled)).not.toBe(0);
      await writeFile(path, spoiled);
      const before = await contents(run);
      const { code, stderr } = await cf(['train', '--resume', run]);
      expect(stderr).toMatch(
        /^RunFolderError \[E_RUN\]: .*damaged or cut short.*\nFix: go on from step 4.*\n$/,
      );
      expect(code).toBe(3);
      expect(await contents(run)).toEqual(before);
      mend = /which is whole: mv (\S+) (\S+)/.exec(stderr)!.slice(1);
    }
    await rename(mend[0]!, mend[1]!);
    expect((await cf(['train', '--resume', run])).code).toBe(0);
    expect(await readFile(join(run, 'model.onnx'))).toEqual(await readFile(join(whole, 'model.onnx')));
  });
});

it('takes features of a run on more pictures, or on fewer, and trains to the same bits as without', async () => {
  const train = async (name: string, identities: number, ...from: string[]): Promise<string> => {
    const flags = [
      ...SMALL.filter((flag) => !/identities/.test(flag)),
      `--identities=${identities}`,
      '--no-control',
    ];
    const { code, stdout } = await cf(['train', ...flags, ...from, '--out', join(base, name)]);
    expect(code).toBe(0);
    return stdout;
  };
  await train('many', 12);
  await train('few', 8);
  // Drawn people are scored that are not trained on: those of the smaller run are trained on in the larger one.
  for (const [name, identities, from] of [
    ['few-of-many', 8, 'many'],
    ['many-of-few', 12, 'few'],
  ] as const)
    expect(await train(name, identities, '--features-from', join(base, from))).toMatch(
      /^features of \d\d images from .*features.safetensors; those of \d\d others are extracted$/m,
    );
  for (const [one, other] of [
    ['few-of-many', 'few'],
    ['many-of-few', 'many'],
  ] as const)
    for (const file of ['model.onnx', 'results.json', 'features.safetensors'])
      expect(await readFile(join(base, one, file)), file).toEqual(await readFile(join(base, other, file)));
});

describe.concurrent('scores on the way', () => {
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

  it('end a training when they get no better, and go on with more patience', async () => {
    const run = join(base, 'early');
    const patient = [
      ...validated.filter((flag) => !/lr/.test(flag)),
      '--lr=1e-9',
      '--warmup-steps=100000',
      '--early-stopping=2',
    ];
    const { code, stdout, stderr } = await cf(['train', ...patient, '--features-from', whole, '--out', run]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/training: stopped early at step 12 of 24/);
    expect(stdout).toMatch(/^no better in 2 scores: training ends after epoch 3 of 6$/m);
    expect(await metricsOf(run)).toHaveLength(12);
    const warning = "the warm-up of 100000 steps does not end within the training's 24: ";
    expect(stdout).toContain(`\nwarning: ${warning}`);
    expect(await readFile(join(run, 'report.html'), 'utf8')).toContain(warning.replace("'", '&#39;'));
    const more = await cf(['train', '--resume', run, '--early-stopping', '3']);
    expect(more.stdout).toMatch(/training ends after epoch 4 of 6/);
  });
});

describe.concurrent('where nothing can be written any more', () => {
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
    // Of the form that was before there were checksums.
    const { tensors, metadata } = await readTensors(join(run, 'checkpoint-4.safetensors'));
    const { sha256: _, config: __, validations: ___, ...earlier } = metadata;
    const file = { tensors, metadata: { ...earlier, format: 'cf-checkpoint-2' } };
    await writeTensors(join(run, 'checkpoint.safetensors'), file);
    await rm(join(run, 'checkpoint-4.safetensors'));
    await rm(join(run, 'model.onnx'));
    const { code, stderr } = await limited('ulimit -f 16; export NODE_DISABLE_COMPILE_CACHE=1', [
      'train',
      '--resume',
      run,
    ]);
    const told = stderr.split('\n').filter((line) => /Error/.test(line));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^OutputError \[E_OUTPUT\]: '.*checkpoint\.safetensors' \(EFBIG/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(3);
    expect((await readdir(run)).filter((name) => /lock|tmp/.test(name))).toEqual([]);
    const resumed = await cf(['train', '--resume', run]);
    expect(resumed.stdout).toMatch(/^the checkpoint is of an earlier form, without a checksum/m);
    expect(resumed.code).toBe(0);
    expect(await readFile(join(run, 'model.onnx'))).toEqual(await readFile(join(whole, 'model.onnx')));
  });

  it('a small disk that fills up ends the same way (where this process may mount one)', async ({ skip }) => {
    const disk = join(base, 'disk');
    await mkdir(disk);
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', disk]);
    if (mount.status !== 0) skip('no right to mount a file system');
    try {
      const run = join(disk, 'run');
      // The features alone nearly fill it.
      const flags = [...SMALL.filter((flag) => !/epochs|batch/.test(flag)), '--epochs=400', '--batch=2'];
      const more = ['--keep-checkpoints=1', '--no-control', '--features-from', whole];
      const { code, stderr } = await cf(['train', ...flags, ...more, '--out', run]);
      expect(stderr.match(/^\w*Error .*$/gm)).toEqual([
        expect.stringMatching(/^OutputError \[E_OUTPUT\]: .*ENOSPC/),
      ]);
      expect(code).toBe(3);
      if (await stat(join(run, 'checkpoint.safetensors')).catch(() => false))
        expect((await readTensors(join(run, 'checkpoint.safetensors'))).metadata.sha256).toHaveLength(64);
    } finally {
      spawnSync('umount', [disk]);
    }
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
            // At one stroke: a folder that is written into is not to be emptied.
            await rename(run, `${run}-away`);
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

  it('a process without descriptors ends in one line and 3, and the last checkpoint stays', async () => {
    const run = join(base, 'descriptors');
    const metrics = join(run, 'metrics.jsonl');
    // Opens all that the system lets it, and what becomes free, as soon as something was trained.
    const greedy = `
      import { openSync, statSync } from 'node:fs';
      setInterval(() => {
        if (!(statSync(${JSON.stringify(metrics)}, { throwIfNoEntry: false })?.size > 0)) return;
        try { for (;;) openSync('/dev/null'); } catch {}
      }, 1).unref();`;
    const flags = [...SMALL.filter((flag) => !/epochs|batch/.test(flag)), '--epochs=400', '--batch=2'];
    const { code, stderr } = await limited(
      `ulimit -n 200; export NODE_OPTIONS='--import=data:text/javascript,${encodeURIComponent(greedy).replaceAll("'", '%27')}'`,
      ['train', ...flags, '--no-control', '--features-from', whole, '--out', run],
    );
    expect(stderr).toMatch(/OutputError \[E_OUTPUT\]: .*EMFILE/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(3);
    expect((await readTensors(join(run, 'checkpoint.safetensors'))).metadata.sha256).toHaveLength(64);
    expect((await readdir(run)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe.concurrent('cf export', () => {
  it('writes class centers and embeddings with their names, and touches the run in nothing', async () => {
    const before = await contents(whole);
    const out = join(base, 'exported', 'deep');
    const { code, stdout } = await cf(['export', '--run', whole, '--out', out]);
    expect(stdout).toMatch(/^12 identities after step 8: .*centers\.safetensors$/m);
    expect(stdout).toMatch(/^72 pictures: .*embeddings\.safetensors$/m);
    expect(stdout).toMatch(/^model and card: .*model\.onnx, .*README\.md$/m);
    expect(code).toBe(0);
    const card = await readFile(join(out, 'README.md'), 'utf8');
    for (const part of [
      /which ones, `cf\.features` in the metadata tells/,
      /^- identities trained on: 12\n- pictures trained on: 72$/m,
      /^- name: curricularface$/m,
      /^- steps: 8$/m,
      /^\| trained \| [01]\.\d{4} ± 0\.\d{4} \|/m,
      /^None is stated\./m,
    ])
      expect(card).toMatch(part);
    const [centers, embeddings] = await Promise.all(
      ['centers', 'embeddings'].map((name) => readTensors(join(out, `${name}.safetensors`))),
    );
    const checkpoint = await readTensors(join(whole, 'checkpoint.safetensors'));
    expect(centers!.tensors.centers).toEqual(checkpoint.tensors['class.centers']);
    const names = JSON.parse(centers!.metadata.identities!) as string[];
    expect(names).toEqual(JSON.parse(checkpoint.metadata.values!).classes);
    expect(embeddings!.tensors.embeddings!.shape).toEqual([72, 16]);
    const identities = JSON.parse(embeddings!.metadata.identities!) as string[];
    const pictures = JSON.parse(embeddings!.metadata.pictures!) as string[];
    expect([identities.length, pictures.length, new Set(pictures).size]).toEqual([72, 72, 72]);
    expect(new Set(identities)).toEqual(new Set(names));
    expect(pictures[0]).toContain(identities[0]);
    expect(await contents(whole)).toEqual(before);
  });

  it('refuses to put an embedding of features into bytes', async () => {
    const { code, stderr } = await cf([
      'export',
      '--run',
      whole,
      '--out',
      join(base, 'bytes'),
      '--no-tensors',
      '--quantise',
    ]);
    expect(stderr).toMatch(/^UsageError .*--quantise, and an embedding of features/);
    expect(code).toBe(2);
  });

  it('takes class centers alone', async () => {
    const out = join(base, 'alone');
    const alone = await cf(['export', '--run', whole, '--out', out, '--no-embeddings']);
    expect([alone.code, await readdir(out)]).toEqual([0, ['centers.safetensors']]);
  });

  it('and a list of suspects elsewhere write nothing into a run that has lost its features', async () => {
    const run = await copyOf('featureless');
    await rm(join(run, 'features.safetensors'));
    const before = await contents(run);
    const list = join(base, 'suspects.jsonl');
    const results = await Promise.all([
      cf(['export', '--run', run, '--out', join(base, 'of-featureless')]),
      cf(['data', 'difficulty', '--run', run, '--out', join(base, 'difficulty.jsonl')]),
      cf(['data', 'suspects', '--run', run, '--out', list]),
    ]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await contents(run)).toEqual(before);
  });

  it('writes nothing into the folder of the run itself', async () => {
    const before = await contents(whole);
    for (const out of [whole, `${join(base, 'x', '..')}/${relative(base, whole)}/`]) {
      const { code, stderr } = await cf(['export', '--run', whole, '--out', out, '--no-embeddings']);
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/^UsageError .*which is the folder of the run/),
      ]);
    }
    expect(await contents(whole)).toEqual(before);
  });

  it.skipIf(process.platform !== 'linux')(
    'ends where a file system refuses folders (needs Linux)',
    async () => {
      const out = '/proc/cf-none';
      const nowhere = await cf(['export', '--run', whole, '--out', out]);
      expect([nowhere.code, nowhere.stderr]).toEqual([
        3,
        expect.stringMatching(/^OutputError .*\/proc\/cf-none' \(ENOENT/),
      ]);
    },
  );
});

it('fine-tuning starts the centers of other people at the mean of their pictures, or at random', async () => {
  const from = ['--init-from', whole, ...SMALL.filter((flag) => !/identities=|epochs/.test(flag))];
  const flags = [...from, '--identities=20', '--no-control', '--epochs=1'];
  const mean = join(base, 'tuned');
  const [tuned, random] = await Promise.all([
    cf(['train', ...flags, '--out', mean]),
    cf(['train', ...flags, '--new-centers=random', '--out', join(base, 'tuned-random')]),
  ]);
  expect(tuned.stdout).toMatch(/^weights from .*whole, and \d+ of 16 class centers$/m);
  expect(tuned.stdout).toMatch(/^the other \d+ start at the mean embedding of their pictures$/m);
  expect(random.stdout).toMatch(/^the other \d+ start at random$/m);
  const cosines = await Promise.all(
    [mean, join(base, 'tuned-random')].map(async (run) => (await metricsOf(run))[0]!.meanTargetCosine!),
  );
  expect(cosines[0]).toBeGreaterThan(cosines[1]! + 0.1);
});
