import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { expect, test } from 'vitest';
import { loadOneDnn } from './library.ts';
import { withoutSignals } from './signals.ts';

const hasOneDnn = ((): boolean => {
  try {
    loadOneDnn(koffi);
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!hasOneDnn || process.platform === 'win32')(
  'signals that arrive during products damage nothing (needs oneDNN, POSIX)',
  async () => {
    const script = fileURLToPath(new URL('./testing/signalled.ts', import.meta.url));
    const child = spawn(process.execPath, [script, '2000'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let told = '';
    const shower = setInterval(() => told.startsWith('ready') && child.kill('SIGUSR2'), 1);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        told += text;
        if (told.includes('right')) clearInterval(shower);
      });
    const [code] = await once(child, 'close');
    clearInterval(shower);
    expect({ code, told }).toEqual({ code: 0, told: expect.stringMatching(/^ready\nright \d{2,}\n$/) });
  },
);

test.skipIf(process.platform === 'win32')('signals wait, and come afterwards (needs POSIX)', async () => {
  const undisturbed = withoutSignals(koffi);
  const own = process.pid;
  let arrived = 0;
  process.on('SIGUSR2', () => arrived++);
  const result = undisturbed(() =>
    undisturbed(() => {
      process.kill(own, 'SIGUSR2');
      return 7;
    }),
  );
  expect(result).toBe(7);
  expect(() =>
    undisturbed(() => {
      throw new RangeError('as it is');
    }),
  ).toThrow(RangeError);
  await expect.poll(() => arrived).toBe(1);
});
