#!/usr/bin/env node
import { restartKeepingMemory } from './keep-memory.ts';

/** As exit-codes.ts has it, which is not loaded here. */
const EXIT_UNFORESEEN = 70;

if (process.argv[2] === 'train') restartKeepingMemory();

// A reader that goes away (`cf … | head`, `| tee` at Ctrl-C, or a terminal that is closed) takes what is printed with it,
// and nothing else: the work goes on to its own end and exit code.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

// Loaded only now: a restart would load everything twice.
try {
  const { runProgram } = await import('./program.ts');
  await runProgram(process.argv.slice(2));
} catch (error) {
  // A part that can't be loaded, as where there are no descriptors left: no number that Node gives by itself.
  console.error(error);
  process.exitCode = EXIT_UNFORESEEN;
}
