#!/usr/bin/env node
import { absentRuntime } from './absent-runtime.ts';
import { guardStreams } from './guard-streams.ts';
import { restartKeepingMemory } from './keep-memory.ts';
import { requireNode } from './require-node.ts';

/** As exit-codes.ts has them, which is not loaded here. */
const EXIT_UNFORESEEN = 70;
const EXIT_USAGE = 2;

requireNode(process);

// onnxruntime sends Microsoft what it runs, unless this is set before it is loaded; a user who wants that can set 0.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

if (process.argv[2] === 'train') restartKeepingMemory();

guardStreams(process);

// Loaded only now: a restart would load everything twice.
try {
  const { runProgram } = await import('./program.ts');
  await runProgram(process.argv.slice(2));
} catch (error) {
  // A part that can't be loaded, as where there are no descriptors left: no number that Node gives by itself.
  const told = absentRuntime(error);
  if (told === undefined) console.error(error);
  else process.stderr.write(told);
  process.exitCode = told === undefined ? EXIT_UNFORESEEN : EXIT_USAGE;
}
