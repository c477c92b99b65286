import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './testing.ts';
import { cf, SMALL } from './testing-cli.ts';

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});

describe.concurrent('what programs are told', () => {
  it('--json prints events as lines and nothing else; the numbers are those of the metrics', async () => {
    const run = join(base, 'run');
    const { code, stdout } = await cf(['train', ...SMALL, '--no-control', '--json', '--out', run]);
    expect(code).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const kinds = events.map(({ event }) => event);
    expect(kinds[0]).toBe('start');
    expect(kinds.at(-1)).toBe('done');
    expect(events.at(-1)).toMatchObject({ run, interrupted: false });
    const steps = events.filter(({ event }) => event === 'step').map(({ event: _, ...rest }) => rest);
    const metrics = await readFile(join(run, 'metrics.jsonl'), 'utf8');
    expect(steps).toEqual(
      metrics
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
    expect(events.filter(({ event }) => event === 'checkpoint').map(({ step }) => step)).toEqual([0, 4, 8]);
    const results = JSON.parse(await readFile(join(run, 'results.json'), 'utf8')) as object[];
    expect(events.filter(({ event }) => event === 'result').map(({ event: _, ...rest }) => rest)).toEqual(
      results,
    );
    // Of the training, and of its scores.
    expect((await readdir(run)).filter((name) => name.startsWith('events.out.tfevents.'))).toHaveLength(2);
  });

  it('--json tells an error as an event too', async () => {
    const { code, stdout, stderr } = await cf(['train', '--data', join(base, 'none'), '--json']);
    expect(code).toBe(3);
    const last = stdout.trimEnd().split('\n').at(-1)!;
    expect(JSON.parse(last)).toMatchObject({ event: 'error', code: 'E_DATA_FOLDER' });
    expect(stderr).toMatch(/does not exist/);
  });

  it.each([
    [
      'an embedding',
      SMALL,
      /shapes {6}\[16, 256\] → \[16, 16\]; class centers \[12, 16\]/,
      /parameters {2}4,112 /,
    ],
    [
      'a network',
      ['--identities=6', '--images-per-identity=4', '--batch=4', '--epochs=3'],
      /shapes {6}\[4, 3, 56, 56\] → \[4, 256\]/,
      /steps {7}12: 4 an epoch, 3 epochs/,
    ],
  ])('--dry-run of %s tells what it would be, and writes nothing', async (name, flags, shapes, other) => {
    const out = join(base, `dry ${name}`);
    const { code, stdout } = await cf(['train', ...flags, '--dry-run', '--out', out]);
    expect(code).toBe(0);
    for (const text of [shapes, other, /time {8}about .* s a step/, /nothing was written$/m])
      expect(stdout).toMatch(text);
    expect(await readdir(base)).not.toContain(`dry ${name}`);
  });

  it('--config run.yaml with --dry-run --json is one object with its numbers', async () => {
    const file = join(base, 'run.yaml');
    await writeFile(
      file,
      `train: embedding
data: { kind: synthetic, identities: 10, imagesPerIdentity: 4 }
features: { kind: pixels, size: 8 }
dim: 8
loss: { name: arcface, params: { scale: 16 } }
head: reference
epochs: 3
batch: 8
learningRate: 0.1
weightDecay: 0
warmupSteps: 0
evaluation: { control: false }
`,
    );
    const { code, stdout } = await cf(['train', '--config', file, '--epochs=5', '--dry-run', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      event: 'dry-run',
      epochs: 5,
      steps: 20,
      embeddingSize: 8,
      identities: 8,
    });
  });
});
