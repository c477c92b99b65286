// Kills a training with SIGKILL at random moments, again and again, and looks whether it goes on to the same bits every time:
// node scripts/kill-test.mjs --times 200 [--seed 0] [--network]
import { parseArgs } from 'node:util';
import { killRuns } from '../apps/trainer/src/testing/kill-runs.ts';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '200' },
    seed: { type: 'string', default: '0' },
    network: { type: 'boolean', default: false },
  },
});
const report = await killRuns({
  times: Number(values.times),
  seed: Number(values.seed),
  network: values.network,
  say: (line) => console.log(line),
});
const { kills, whileWriting, beforeAStep, finished, seconds } = report;
console.log(
  `${kills} kills in ${seconds.toFixed(0)} s, ${whileWriting} of them while a file was being written, ${beforeAStep} before a step was done; ${finished} trainings came to their end, with the same bits every time`,
);
