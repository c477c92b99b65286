import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StepMetrics } from '@cf/training';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { TrainFlags } from '../settings/fields.ts';
import { configWith, contents, failureOf, temporaryFolder, withoutProgress } from '../testing.ts';
import { dryRun } from './dry-run.ts';
import type { RunPlace, TrainOutcome } from './job.ts';
import { readMetrics } from './metrics-file.ts';
import { createRunFolder, openRunFolder, type RunFolder } from './run-folder.ts';
import { readTensors } from './safetensors.ts';
import { train } from './train.ts';

withoutProgress();

const SMALL = { epochs: 4, identities: 10, imagesPerIdentity: 4, batch: 8, control: false };

/** A run whose features the others take, so that pictures are drawn once. */
let drawn: RunFolder;
beforeAll(async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const path = join(await temporaryFolder(), 'drawn');
  drawn = (await start(path, { epochs: 1 }, { featuresFrom: undefined })).run;
});

interface Trained extends TrainOutcome {
  readonly lines: readonly string[];
}

async function run(place: RunPlace, flags: Partial<TrainFlags>, signal?: AbortSignal): Promise<Trained> {
  const lines: string[] = [];
  const config = configWith({ ...SMALL, ...flags });
  const outcome = await train(config, place, signal ?? new AbortController().signal, (line) =>
    lines.push(line),
  );
  return { ...outcome, lines };
}

async function start(
  path: string,
  flags: Partial<TrainFlags> = {},
  { signal, featuresFrom }: { signal?: AbortSignal; featuresFrom?: RunFolder | undefined } = {
    featuresFrom: drawn,
  },
): Promise<Trained> {
  const trained = await run(
    { resume: false, featuresFrom, open: () => createRunFolder(path) },
    flags,
    signal,
  );
  await writeFile(join(path, 'config.json'), '{}');
  return trained;
}

function resume(path: string, flags: Partial<TrainFlags> = {}): Promise<Trained> {
  return run({ resume: true, featuresFrom: undefined, open: () => openRunFolder(path) }, flags);
}

/** A signal that is raised at the nth look at it. */
function afterLooks(looks: number): AbortSignal {
  const controller = new AbortController();
  let seen = 0;
  const { signal } = controller;
  Object.defineProperty(signal, 'aborted', {
    get: () => ++seen > looks,
  });
  return signal;
}

const bytes = (run: { readonly file: RunFolder['file'] }, name: 'network' | 'results'): Promise<string> =>
  readFile(run.file(name), 'base64');

/** The metrics of a run without the numbers that no run repeats. */
const metricsOf = async (run: RunFolder): Promise<readonly object[]> =>
  (await readMetrics<StepMetrics>(run)).map(({ imagesPerSecond: _, dataShare: __, ...metrics }) => metrics);

/** The report of a run in parts, without the charts of what no run repeats. */
async function reportOf(run: RunFolder): Promise<readonly string[]> {
  const parts = (await readFile(run.file('report'), 'utf8')).split('<figure ');
  expect(parts.join()).toContain('Hardest training pictures');
  const repeated = parts.filter((part) => !/^class="card" aria-label="(Speed|Waiting for data)"/.test(part));
  expect(repeated.length).toBe(parts.length - 2);
  return repeated;
}

describe('train', () => {
  it('gives the same bytes for the same seed', async () => {
    const folder = await temporaryFolder();
    const [a, b] = [await start(join(folder, 'a')), await start(join(folder, 'b'))];
    for (const name of ['network', 'results'] as const)
      expect(await bytes(a.run, name)).toBe(await bytes(b.run, name));
    expect(await metricsOf(a.run)).toEqual(await metricsOf(b.run));
    const c = await start(join(folder, 'c'), { seed: 1 });
    expect(await bytes(c.run, 'network')).not.toBe(await bytes(a.run, 'network'));
  });

  it.each([
    ['curricularface', {}],
    ['elastic-cosface', { weighting: 'self-paced' }],
  ])('ends in the same bytes when it was interrupted (%s)', async (loss, flags) => {
    const folder = await temporaryFolder();
    const straight = await start(join(folder, 'straight'), { loss, ...flags });
    const path = join(folder, 'resumed');
    // Eight pictures a step, 32 to train on: four steps an epoch, so this is inside of the second.
    const first = await start(path, { loss, ...flags }, { signal: afterLooks(6), featuresFrom: drawn });
    expect(first.interrupted).toBe(true);
    expect(first.results).toEqual([]);
    const steps = (await readFile(first.run.file('metrics'), 'utf8')).trim().split('\n').length;
    expect(steps).toBeGreaterThan(4);
    expect(steps).toBeLessThan(12);
    expect(await first.run.has('network')).toBe(false);
    const second = await resume(path, { loss, ...flags });
    expect(second.lines).toContain(`resumed at step ${steps}`);
    for (const name of ['network', 'results'] as const)
      expect(await bytes(second.run, name)).toBe(await bytes(straight.run, name));
    expect(await metricsOf(second.run)).toEqual(await metricsOf(straight.run));
    expect(await reportOf(second.run)).toEqual(await reportOf(straight.run));
    // No further step runs: what was hardest before the report was lost is in the checkpoint.
    await rm(second.run.file('report'));
    await resume(path, { loss, ...flags });
    expect(await reportOf(second.run)).toEqual(await reportOf(straight.run));
  });

  it('starts from the beginning where an interruption left no checkpoint', async () => {
    const folder = await temporaryFolder();
    const controller = new AbortController();
    controller.abort(new Error('Ctrl-C'));
    const path = join(folder, 'early');
    await expect(start(path, {}, { signal: controller.signal })).rejects.toThrow('Ctrl-C');
    await writeFile(join(path, 'config.json'), '{}');
    const { interrupted, lines } = await resume(path);
    expect(interrupted).toBe(false);
    expect(lines.join('\n')).toMatch(/no checkpoint yet/);
  });

  it('scores a finished run again without training', async () => {
    const path = join(await temporaryFolder(), 'run');
    const first = await start(path);
    const model = await bytes(first.run, 'network');
    const again = await resume(path);
    expect(again.lines).toContain('resumed at step 16');
    expect(await bytes(again.run, 'network')).toBe(model);
  });

  it('refuses to resume with other classes, and leaves the run as it was', async () => {
    const path = join(await temporaryFolder(), 'run');
    await start(path);
    const before = await contents(path);
    const error = await failureOf(() => resume(path, { dim: 5 }));
    expect(error).toMatchObject({ code: 'E_RUN', message: expect.stringMatching(/64 → 8.*64 → 5/) });
    expect(await contents(path)).toEqual(before);
  });

  it('refuses to resume on other pictures before it reads one, names them, and --init-from goes on', async () => {
    const path = join(await temporaryFolder(), 'run');
    const { run: initFrom } = await start(path);
    const before = await contents(path);
    const error = await failureOf(() => resume(path, { identities: 11 }));
    expect(error).toMatchObject({ code: 'E_RUN' });
    expect(error.message).toMatch(/on other pictures: .*added .*\n.*--init-from .*run: /);
    expect(await contents(path)).toEqual(before);

    const open = () => createRunFolder(`${path}-next`);
    const place = { resume: false, featuresFrom: undefined, initFrom, open };
    const { lines } = await run(place, { identities: 11, epochs: 1 });
    expect(lines.join('\n')).toMatch(/^weights from '?.*run'?, and [1-9] of 9 class centers$/m);
  });

  it('refuses a run of another --dim as --init-from before it makes features', async () => {
    const open = vi.fn<() => Promise<RunFolder>>();
    const place = { resume: false, featuresFrom: undefined, initFrom: drawn, open };
    const error = await failureOf(() => run(place, { dim: 5 }));
    expect(error).toMatchObject({
      code: 'E_RUN',
      message: expect.stringMatching(/embedding\.weight' \[8, 64\]/),
    });
    const config = configWith({ ...SMALL, dim: 5 });
    const options = { place, signal: new AbortController().signal, say: () => {} };
    expect(await failureOf(() => dryRun(config, options))).toEqual(error);
    expect(open).not.toHaveBeenCalled();
  });

  it('keeps the checkpoint of a training that diverges, and writes no model', async () => {
    const path = join(await temporaryFolder(), 'run');
    expect((await failureOf(() => start(path, { lr: 1e30 }))).code).toBe('E_DIVERGED');
    expect((await readdir(path)).sort()).toEqual([
      'checkpoint.safetensors',
      'environment.json',
      'features.safetensors',
      'metrics.jsonl',
    ]);
    const { metadata } = await readTensors(join(path, 'checkpoint.safetensors'));
    expect(JSON.parse(metadata.values!)).toMatchObject({ step: 0 });
  });

  it('writes no metrics to a run that another process has taken', async () => {
    const path = join(await temporaryFolder(), 'taken');
    let looks = 0;
    // Ours for the first checkpoint, and gone before that of the first epoch.
    const requireHeld = async (): Promise<void> => {
      if (++looks > 2) throw new Error('taken');
    };
    const open = async (): Promise<RunFolder> => ({ ...(await createRunFolder(path)), requireHeld });
    const place = { resume: false, featuresFrom: drawn, open };
    expect((await failureOf(() => run(place, {}))).message).toBe('taken');
    expect(looks).toBeGreaterThan(2);
    expect(await readFile(join(path, 'metrics.jsonl'), 'utf8')).toBe('');
  });

  it('takes features from another run on the same pictures alone', async () => {
    const folder = await temporaryFolder();
    const { run } = await start(join(folder, 'a'));
    expect(await readFile(run.file('features'))).toEqual(await readFile(drawn.file('features')));
    const same = await start(join(folder, 'b'), { loss: 'arcface' }, { featuresFrom: run });
    expect(same.lines.join('\n')).toMatch(/features of 40 images from .*a.features\.safetensors/);
    expect(await bytes(same.run, 'network')).not.toBe(await bytes(run, 'network'));
    const other = await start(join(folder, 'c'), { pixels: 9 }, { featuresFrom: run });
    expect(other.lines).toContain(
      `'${run.path}' has no features of these pictures, backbone and mirror images; they are extracted anew`,
    );
    const alone = await start(join(folder, 'd'), {}, { featuresFrom: undefined });
    expect([...same.lines, ...alone.lines].join('\n')).not.toMatch(/extracted anew/);
  });

  it('adds a control on shuffled labels that leaves the trained model as it is', async () => {
    const folder = await temporaryFolder();
    const without = await start(join(folder, 'a'));
    const control = await start(join(folder, 'b'), { control: true });
    expect(await bytes(control.run, 'network')).toBe(await bytes(without.run, 'network'));
    expect(control.results.map(({ name }) => name)).toEqual([
      'trained',
      'trained, flipped',
      'untrained',
      'untrained, flipped',
      'pixels 8×8 alone',
      'pixels 8×8 alone, flipped',
      'control, shuffled labels',
      'control, shuffled labels, flipped',
    ]);
    const single = await start(join(folder, 'c'), { flip: false });
    expect(single.results.map(({ name }) => name)).toEqual(['trained', 'untrained', 'pixels 8×8 alone']);
  });
});
