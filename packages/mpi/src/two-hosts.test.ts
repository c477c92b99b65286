import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readResults, requireAsOne } from './testing/as-one.ts';
import { type Ended, hasMpirun, mpirun } from './testing/mpirun.ts';
import { makeTwoHosts, type TwoHosts, whyNoTwoHosts } from './testing/two-hosts.ts';

const SIZE = 4;
const lacking = hasMpirun ? whyNoTwoHosts() : 'needs openmpi-bin';

describe.skipIf(lacking !== undefined)(`two hosts${lacking === undefined ? '' : ` (${lacking})`}`, () => {
  let hosts: TwoHosts;
  const folder = mkdtempSync(join(tmpdir(), 'ranks-'));
  beforeAll(() => {
    hosts = makeTwoHosts();
  });
  afterAll(() => {
    hosts?.remove();
    rmSync(folder, { recursive: true });
  });
  const onBoth = (...args: readonly string[]): Promise<Ended> =>
    mpirun(hosts.options(SIZE), [folder, ...args], hosts.within);

  test('do as one process over TCP, and have the same bits', async () => {
    const before = hosts.received();
    const { code, stderr } = await onBoth();
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const [first, second] = hosts.names;
    await requireAsOne(readResults(folder, SIZE), [first, second, first, second]);
    // At least what one rank hands in a step: sum of exponentials and gradients of the embeddings.
    expect(hosts.received() - before).toBeGreaterThan(50 * 6 * 4 * 8);
  });

  test('a rank that hangs is named, and its host', async () => {
    const { code, stderr } = await onBoth('stop');
    expect(stderr).toMatch(
      new RegExp(`rank [023] of 4: waited 5 s in MPI_\\w+, call [12]: rank 1 on ${hosts.names[1]} hangs`),
    );
    expect(code).toBe(75);
  });

  // The last one: the hosts are of no use after.
  test('where the cable is cut, ranks on both end, and name those that they do not reach', async () => {
    const job = onBoth('go on');
    await until(() => existsSync(join(folder, 'going')));
    hosts.cut();
    await until(() => hosts.running() === 0);
    // mpirun itself and its daemon wait for each other until TCP gives up, minutes later.
    hosts.remove();
    const { stderr } = await job;
    const [, there] = hosts.names;
    expect(stderr).toMatch(
      new RegExp(`rank [02] of 4: waited 5 s in MPI_Barrier, .*: ranks 1 on ${there}, 3 on ${there} hang, `),
    );
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 100));
}
