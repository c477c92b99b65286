import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readTensors, type Tensor } from './run/safetensors.ts';
import { temporaryFolder } from './testing.ts';
import { cf, SMALL } from './testing-cli.ts';

const TRAINING = ['train', ...SMALL, '--no-control', '--no-flip'];

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});

async function tensorsAfter(
  name: string,
  ...flags: readonly string[]
): Promise<Readonly<Record<string, Tensor>>> {
  const out = join(base, name);
  const { code, stderr } = await cf([...TRAINING, ...flags, '--out', out]);
  expect([code, stderr]).toEqual([0, expect.not.stringMatching(/Error/)]);
  return (await readTensors(join(out, 'checkpoint.safetensors'))).tensors;
}

describe('class centers', () => {
  it('end where they do, to the bit, when they move tile by tile', async () => {
    for (const clip of [[], ['--clip-centers', 'norm:0.5']]) {
      const plain = await tensorsAfter(`plain${clip.length}`, ...clip);
      const fused = await tensorsAfter(`fused${clip.length}`, ...clip, '--update', 'fused');
      expect(fused).toEqual(plain);
    }
    const limited = await tensorsAfter('limited', '--clip-centers', 'row:0.01');
    expect(limited['class.centers']).not.toEqual((await tensorsAfter('free'))['class.centers']);
  });

  it('may be drawn for each step, all of them to the bits of the full head', async () => {
    const whole = await tensorsAfter('whole');
    for (const negatives of ['published', 'corrected']) {
      const flags = ['--sample-negatives', negatives, '--sample-rate'];
      expect(await tensorsAfter(`all ${negatives}`, ...flags, '1')).toEqual(whole);
      const half = await tensorsAfter(`half ${negatives}`, ...flags, '0.5');
      expect(half['class.centers']).not.toEqual(whole['class.centers']);
      // The same seed draws the same.
      expect(await tensorsAfter(`again ${negatives}`, ...flags, '0.5')).toEqual(half);
    }
  });

  it('go on from a checkpoint as if nothing had been', async () => {
    const flags = ['--sample-rate', '0.5', '--epochs', '2'];
    const straight = await tensorsAfter('straight', ...flags);
    const out = join(base, 'two');
    await tensorsAfter('two', '--sample-rate', '0.5', '--epochs', '1');
    const { code } = await cf(['train', '--resume', out, '--epochs', '2']);
    expect(code).toBe(0);
    const { tensors } = await readTensors(join(out, 'checkpoint.safetensors'));
    expect(Object.keys(tensors)).toEqual(Object.keys(straight));
  });

  it('are refused where a head has their gradient as a whole', async () => {
    const { code, stderr } = await cf([
      ...TRAINING,
      '--head',
      'tfjs-cpu',
      '--update',
      'fused',
      '--out',
      join(base, 'no'),
    ]);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/--update fused on the head tfjs-cpu/)]);
  });
});
