import { vi } from 'vitest';
import { runProgram } from './program.ts';
import type { CliResult } from './testing-cli.ts';

/** Runs the program in this process: its signals and its exit code are those of the tests, and it starts at once. */
export async function runInProcess(args: readonly string[]): Promise<CliResult> {
  let [stdout, stderr] = ['', ''];
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((text: string) => {
      stdout += `${text}\n`;
    }),
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      stdout += text;
      return true;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      stderr += text;
      return true;
    }),
  ];
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await runProgram(args);
    return { code: Number(process.exitCode), stdout, stderr };
  } finally {
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
}
