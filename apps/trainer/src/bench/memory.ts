import { readFileSync, writeFileSync } from 'node:fs';

/** Peak resident memory of this process in MiB (VmHWM); undefined where the system does not tell. */
export function peakMiB(): number | undefined {
  return fieldMiB(/^VmHWM:\s+(\d+) kB$/m);
}

/** Resident memory of this process that is of no file, in MiB (RssAnon); undefined where the system does not tell. */
export function ownMiB(): number | undefined {
  return fieldMiB(/^RssAnon:\s+(\d+) kB$/m);
}

function fieldMiB(field: RegExp): number | undefined {
  try {
    const kilobytes = field.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}

/** Lets the peak start again from what is resident now, where the system can. */
export function resetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // The peak then counts from the start of the process, and what is above it is told too small, never too large.
  }
}
