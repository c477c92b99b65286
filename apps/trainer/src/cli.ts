#!/usr/bin/env node
import { guardStreams } from './guard-streams.ts';
import { restartKeepingMemory } from './keep-memory.ts';

if (process.argv[2] === 'train') restartKeepingMemory();

guardStreams(process);

// Loaded only now: a restart would load everything twice.
const { runProgram } = await import('./program.ts');
await runProgram(process.argv.slice(2));
