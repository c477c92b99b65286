/**
 * glibc gives a large buffer back to the system when it is freed, and page by page the next one is faulted in again;
 * training, which frees and takes the same buffers all the time, is several times slower for it. Other systems and C
 * libraries pay no heed to these names.
 */
export const KEEP_MEMORY = {
  MALLOC_MMAP_THRESHOLD_: '4000000000',
  MALLOC_TRIM_THRESHOLD_: '8000000000',
} as const;

/**
 * Puts this program anew into its own process, with an allocator that keeps what it has freed: the C library reads
 * these settings only when it starts. Does nothing where they are set already, or where a process can't be replaced.
 */
export function restartKeepingMemory(): void {
  const { platform, env, execPath, execArgv, argv, execve } = process;
  if (platform !== 'linux' || execve === undefined) return;
  if (Object.keys(KEEP_MEMORY).some((name) => env[name] !== undefined)) return;
  execve.call(process, execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, ...KEEP_MEMORY });
}
