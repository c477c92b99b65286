import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Pool } from './pool.ts';

it('lends each to one at a time, and those who wait come in their order, also after work that fails', async () => {
  const pool = new Pool(['a', 'b']);
  const busy = new Set<string>();
  const order: number[] = [];
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, (_, i) =>
      pool.use(async (one) => {
        expect(busy.has(one)).toBe(false);
        busy.add(one);
        order.push(i);
        await setTimeout(1);
        busy.delete(one);
        if (i % 3 === 0) throw new Error(`${i}`);
        return i;
      }),
    ),
  );
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(order.map((i) => i % 3 === 0));
});

it('makes more only where none is idle, and as many as there may be', async () => {
  let made = 0;
  const pool = new Pool<number>([], () => (made < 2 ? made++ : undefined));
  for (let i = 0; i < 3; i++) expect(await pool.use(async (one) => one)).toBe(0);
  const used = await Promise.all(
    Array.from({ length: 5 }, () => pool.use(async (one) => setTimeout(1, one))),
  );
  expect([made, new Set(used)]).toEqual([2, new Set([0, 1])]);
  pool.clear();
  made = 0;
  expect(await pool.use(async (one) => one)).toBe(0);
  expect(made).toBe(1);
});
