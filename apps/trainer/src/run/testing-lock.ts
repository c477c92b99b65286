import { lockRun } from './run-lock.ts';

// A process of the test of locks: tells that it is there, and takes the folder when it is told to.
const path = process.argv[2]!;
process.send!('ready');
process.on('message', async (message) => {
  if (message === 'end') process.disconnect();
  if (typeof message !== 'number') return;
  // All at the same moment.
  while (Date.now() < message);
  const lock = await lockRun(path, () => {}).catch(
    (error: { readonly code?: string }) => error.code ?? 'failed',
  );
  process.send!(typeof lock === 'string' ? lock : 'mine');
  process.once('disconnect', () => typeof lock !== 'string' && void lock.release());
});
