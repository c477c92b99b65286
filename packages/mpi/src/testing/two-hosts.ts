import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two machines in one: each has a network and a name of its own, and a cable lies between them. */
export interface TwoHosts {
  readonly names: readonly [string, string];
  /** Options of mpirun: half of the ranks on each host, in turn, over TCP and nothing else. */
  options(size: number): readonly string[];
  /** The words before a command that runs on the first host. */
  readonly within: readonly string[];
  /** Bytes that the first host has had from the second. */
  received(): number;
  /** Cuts the cable. */
  cut(): void;
  /** How many processes of Node run on both. */
  running(): number;
  /** Ends what still runs on the hosts, and takes them away. */
  remove(): void;
}

const NETWORK = '10.77.0';
const CABLE = 'cf0';

const ip = (...args: readonly string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/**
 * Makes them of network namespaces, which hold the cable too: nothing changes in the network of this machine. mpirun starts
 * ranks on the other host by an agent in the place of ssh, so that none needs a server.
 *
 * @throws Error unless this process may do so; what was made is taken away
 */
export function makeTwoHosts(): TwoHosts {
  const names = [`cf${process.pid}a`, `cf${process.pid}b`] as const;
  const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
  const agent = join(folder, 'agent');
  const processesOf = (name: string): number[] =>
    ip('netns', 'pids', name).split('\n').filter(Boolean).map(Number);
  const remove = (): void => {
    process.off('exit', remove);
    for (const name of names) {
      try {
        for (const pid of processesOf(name)) process.kill(pid, 'SIGKILL');
      } catch {
        // It was not made, or a process ended meanwhile.
      }
      try {
        ip('netns', 'del', name);
      } catch {
        // It was not made.
      }
    }
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', remove);
  try {
    for (const name of names) ip('netns', 'add', name);
    ip('-n', names[0], 'link', 'add', CABLE, 'type', 'veth', 'peer', 'name', CABLE, 'netns', names[1]);
    for (const [k, name] of names.entries()) {
      ip('-n', name, 'addr', 'add', `${NETWORK}.${k + 1}/24`, 'dev', CABLE);
      for (const device of [CABLE, 'lo']) ip('-n', name, 'link', 'set', device, 'up');
    }
    // As mpirun calls ssh: a host, and words for its shell.
    writeFileSync(
      agent,
      `#!/bin/sh
host=$1; shift
exec ip netns exec "$host" unshare --uts sh -c "hostname $host; $*"
`,
      { mode: 0o755 },
    );
  } catch (error) {
    remove();
    throw error;
  }
  return {
    names,
    options(size) {
      const hostfile = join(folder, 'hosts');
      writeFileSync(hostfile, names.map((name) => `${name} slots=${Math.ceil(size / 2)}\n`).join(''));
      return [
        ...['--hostfile', hostfile, '-np', String(size), '--map-by', 'node', '--bind-to', 'none'],
        ...['--mca', 'plm_rsh_agent', agent, '--mca', 'oob_tcp_if_include', `${NETWORK}.0/24`],
        ...[
          '--mca',
          'pml',
          'ob1',
          '--mca',
          'btl',
          'tcp,self',
          '--mca',
          'btl_tcp_if_include',
          `${NETWORK}.0/24`,
        ],
        ...['--mca', 'mpi_yield_when_idle', '1'],
      ];
    },
    within: [
      ...['ip', 'netns', 'exec', names[0], 'unshare', '--uts'],
      ...['sh', '-c', 'hostname "$0"; exec "$@"', names[0]],
    ],
    received() {
      const [link] = JSON.parse(ip('-n', names[0], '-json', '-stats', 'link', 'show', CABLE));
      return link.stats64.rx.bytes;
    },
    cut: () => void ip('-n', names[0], 'link', 'set', CABLE, 'down'),
    running: () => names.flatMap(processesOf).filter(isNode).length,
    remove,
  };
}

function isNode(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${process.execPath}\0`);
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

/** Why hosts can't be made here, if they can't. */
export function whyNoTwoHosts(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  try {
    makeTwoHosts().remove();
    return undefined;
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: string };
    return code === 'ENOENT' ? 'needs iproute2' : `needs network namespaces: ${stderr?.trim()}`;
  }
}
