// Runs the cf program with a Node that can run it, whatever Node this is.
import { runWithNode } from './node-runtime.mjs';

process.exitCode = runWithNode(['apps/trainer/src/cli.ts', ...process.argv.slice(2)]);
