import { loadKoffi } from '../engines/load-koffi.ts';

/** How the operating system itself takes signals, past the event loop. */
export interface NativeSignals {
  /** After the next one of its kind, a signal ends the process at once. */
  once(signal: number): void;
  /** From now on a signal ends the process at once. */
  end(signal: number): void;
}

/** Of `struct sigaction` on 64 bits: where its flags are, and the one that lets go of a handler when it is called. */
const LAYOUTS: Readonly<Record<string, { readonly flags: number; readonly resetHandler: number }>> = {
  linux: { flags: 136, resetHandler: 0x80000000 },
  darwin: { flags: 12, resetHandler: 4 },
};

/**
 * Node hears of a signal when its event loop has a turn, which it has none of while native code computes. The system can end
 * the process all the same. Undefined where this is not to be had (Windows): there a turn is waited for.
 */
export async function nativeSignals(): Promise<NativeSignals | undefined> {
  const layout = LAYOUTS[process.platform];
  if (layout === undefined || !['x64', 'arm64'].includes(process.arch)) return undefined;
  try {
    const koffi = await loadKoffi();
    const sigaction = koffi.load(null).func('int sigaction(int signal, void *action, void *before)');
    return {
      once(signal) {
        const action = Buffer.alloc(256);
        if (sigaction(signal, null, action) !== 0) return;
        action.writeUInt32LE((action.readUInt32LE(layout.flags) | layout.resetHandler) >>> 0, layout.flags);
        sigaction(signal, action, null);
      },
      end(signal) {
        sigaction(signal, Buffer.alloc(256), null);
      },
    };
  } catch {
    return undefined;
  }
}
