import { expect, it } from 'vitest';
import { WaitingClock } from './waiting-clock.ts';

it('counts the slots that nothing fills, until all work has come', () => {
  let now = 100;
  const clock = new WaitingClock(2, () => now);
  expect(clock.share).toBe(0);
  now = 110;
  clock.begin();
  now = 120;
  clock.begin();
  clock.begin();
  now = 130;
  // 2 slots for 10, one for 10, none for 10: 30 of 60.
  expect(clock.share).toBe(0.5);
  clock.stop();
  for (let i = 0; i < 3; i++) clock.end();
  now = 160;
  expect(clock.share).toBe(30 / 120);
});
