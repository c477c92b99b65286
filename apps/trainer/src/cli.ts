#!/usr/bin/env node
import { EXIT } from './exit-codes.ts';
import { restartKeepingMemory } from './keep-memory.ts';

if (process.argv[2] === 'train') restartKeepingMemory();

// A reader that closes the pipe early (`cf … | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

// Loaded only now: a restart would load everything twice.
const { runProgram } = await import('./program.ts');
await runProgram(process.argv.slice(2));
