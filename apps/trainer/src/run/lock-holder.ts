import { randomUUID } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';
import { parseJson } from './json-file.ts';

/** The process that holds a run, as its lock names it. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** What tells a machine from another of the same name, where it says so. */
  readonly machine?: string | undefined;
  /** Another after every start of the machine. */
  readonly boot?: string | undefined;
  /** Process numbers of other containers are not ours. */
  readonly namespace?: string | undefined;
  /** When the process began, in the machine's own count: a number that is used again began later. */
  readonly began?: string | undefined;
  readonly since: string;
  readonly token: string;
}

/** Whether a process is still there; 'unknown' where this machine can't say. */
export type Presence = 'alive' | 'gone' | 'unknown';

/** This process. */
export async function thisHolder(): Promise<LockHolder> {
  const [machine, boot, namespace, own] = await Promise.all([
    textOf('/etc/machine-id'),
    textOf('/proc/sys/kernel/random/boot_id'),
    readlink('/proc/self/ns/pid').catch(() => undefined),
    processAt(process.pid),
  ]);
  const since = new Date().toISOString();
  const { began } = own ?? {};
  return { pid: process.pid, host: hostname(), machine, boot, namespace, began, since, token: randomUUID() };
}

/** Whether the holder of a lock is still there, as far as this process can see. */
export async function presenceOf(holder: LockHolder, here: LockHolder): Promise<Presence> {
  if (holder.host !== here.host || holder.machine !== here.machine) return 'unknown';
  if (holder.boot !== here.boot) return here.machine === undefined ? 'unknown' : 'gone';
  if (holder.namespace !== here.namespace) return 'unknown';
  if (!isProcessThere(holder.pid)) return 'gone';
  const now = await processAt(holder.pid);
  // Where processes are not told about, the number has to do.
  if (now === undefined || holder.began === undefined) return 'alive';
  return now.ended || now.began !== holder.began ? 'gone' : 'alive';
}

/** In words, for messages. */
export function holderText({ pid, host, since }: LockHolder): string {
  return `process ${pid} on ${host}, since ${since.slice(0, 19).replace('T', ' ')} UTC`;
}

/** @returns undefined for what is no holder, such as a file that was cut short */
export function parseHolder(text: string): LockHolder | undefined {
  const read = parseJson(HOLDER, text);
  return 'value' in read ? read.value : undefined;
}

const HOLDER: z.ZodType<LockHolder> = z.object({
  pid: z.int(),
  host: z.string(),
  machine: z.string().optional(),
  boot: z.string().optional(),
  namespace: z.string().optional(),
  began: z.string().optional(),
  since: z.string(),
  token: z.string(),
});

/** Whether this machine has a process of a number, whoever's it is. */
export function isProcessThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Of Linux: when a process began, and whether it only waits for its parent to look. */
async function processAt(pid: number): Promise<{ began: string | undefined; ended: boolean } | undefined> {
  const text = await textOf(`/proc/${pid}/stat`);
  // The name before may hold anything, also brackets.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields && { began: fields[19], ended: fields[0] === 'Z' || fields[0] === 'X' };
}

async function textOf(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() || undefined;
}
