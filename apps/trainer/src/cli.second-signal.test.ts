import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { syntheticName, writeSyntheticFolder } from '@cf/data/node';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { KEEP_MEMORY } from './keep-memory.ts';
import { temporaryFolder } from './testing.ts';

/** Loaded before the program: no phase heeds the first signal, and each tells at once how far it is. */
const DEAF = `
AbortController.prototype.abort = () => {};
const now = performance.now.bind(performance);
performance.now = () => 1e6 * now();`;

const PEOPLE = 4;
const PICTURES = 400;

let base: string;
let landmarks: string;
beforeAll(async () => {
  base = await temporaryFolder();
  await writeSyntheticFolder(join(base, 'drawn'), { seed: 1, identities: 1, imagesPerIdentity: 1 });
  const picture = join(base, 'drawn', syntheticName(0), `${syntheticName(0)}_0001.png`);
  const lines: string[] = [];
  await mkdir(join(base, 'faces'));
  // Says that they are drawn: nobody looks for faces in them.
  await copyFile(join(base, 'drawn', 'synthetic.json'), join(base, 'faces', 'synthetic.json'));
  for (let person = 0; person < PEOPLE; person++) {
    await mkdir(join(base, 'faces', `p${person}`));
    for (let n = 0; n < PICTURES; n++) {
      const path = `p${person}/p${person}_${String(n).padStart(4, '0')}.png`;
      await link(picture, join(base, 'faces', path));
      lines.push(`${path} 38 52 74 52 56 72 42 92 71 92`);
    }
  }
  landmarks = join(base, 'landmarks.txt');
  await writeFile(landmarks, lines.join('\n'));
});

const SMALL = ['--pixels=8', '--batch=4', '--dim=4', '--no-control', '--epochs=100000'];

describe.skipIf(process.platform === 'win32')('a second SIGTERM ends the program at once while it', () => {
  it.each<[string, RegExp, () => readonly string[]]>([
    ['reads pictures', /^reading \d/m, () => ['data', 'inspect', '--data', join(base, 'faces')]],
    [
      'aligns photographs',
      /^aligning \d/m,
      () => [
        'data',
        'align',
        '--data',
        join(base, 'faces'),
        '--landmarks',
        landmarks,
        '--out',
        join(base, 'out'),
      ],
    ],
    [
      'looks for pictures that are scored and trained on',
      /^looking for pictures .*\d+%/m,
      () => ['train', '--data', join(base, 'faces'), ...SMALL, '--out', join(base, 'looking')],
    ],
    [
      'trains and scores on the way',
      /^validation after/m,
      () => [
        'train',
        '--identities=6',
        '--images-per-identity=2',
        ...SMALL,
        '--validate-every=1',
        '--out',
        join(base, 'run'),
      ],
    ],
  ])('%s', async (_, phase, args) => {
    const child = spawn(process.execPath, [resolve(import.meta.dirname, 'cli.ts'), ...args()], {
      env: {
        ...process.env,
        ...KEEP_MEMORY,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(DEAF)}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    let told = '';
    const isTold = async (text: RegExp): Promise<void> => {
      while (!text.test(told) && child.exitCode === null && child.signalCode === null) await setTimeout(10);
      expect(told).toMatch(text);
    };
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        told += text;
      });
    await isTold(phase);
    child.kill('SIGTERM');
    await isTold(/^stopping; /m);
    child.kill('SIGTERM');
    // The system ended it: a process that had a turn, or came to its end, would leave with a number.
    expect(await ended).toEqual([null, 'SIGTERM']);
  });
});
