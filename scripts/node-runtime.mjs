// The workspace needs Node 22.18 or later (type stripping). Older ones fetch one from the npm registry.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const NODE = 'node@24';
const PNPM = 'pnpm@10.34.9';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Whether the running Node can run the workspace's TypeScript. */
export function isNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/**
 * Runs a command line in the workspace with Node and pnpm; returns its exit code.
 *
 * @param output where what it prints goes
 */
export function runWithTools(commandLine, output = 'stdout') {
  const packages = isNewEnough() ? ['-p', PNPM] : ['-p', NODE, '-p', PNPM];
  return run('npx', ['--yes', ...packages, '-c', commandLine], { cwd: root, output });
}

/**
 * Runs a script of the workspace with Node, from where the caller is; returns its exit code. Where a process can be replaced,
 * this one becomes the script, so that every signal reaches it.
 */
export function runWithNode(args) {
  const [script, ...rest] = args;
  const command = ['--disable-warning=ExperimentalWarning', `${root}${script}`, ...rest];
  if (isNewEnough()) {
    if (process.platform !== 'win32')
      process.execve?.(process.execPath, [process.execPath, ...command], environment());
    return run(process.execPath, command);
  }
  return run('npx', ['--yes', '-p', NODE, '--', 'node', ...command]);
}

/** npm and pnpm hand their own settings down as variables; a nested npx must not take them for its own. */
function environment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)_/i.test(name)),
  );
}

function run(command, args, { cwd, output = 'stdout' } = {}) {
  // A terminal sends Ctrl-C to the child as well; it decides how to end.
  process.on('SIGINT', () => {});
  const { status, error } = spawnSync(command, args, {
    cwd,
    env: environment(),
    stdio: ['inherit', output === 'stderr' ? 2 : 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (error) throw error;
  return status ?? 130;
}
