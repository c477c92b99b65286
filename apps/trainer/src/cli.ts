#!/usr/bin/env node
import { EXIT } from './exit-codes.ts';
import { runProgram } from './program.ts';

// A reader that closes the pipe early (`cf … | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

await runProgram(process.argv.slice(2));
