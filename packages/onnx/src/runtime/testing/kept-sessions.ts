import type { OnnxRuntime, RuntimeSession } from '../onnx-runtime.ts';

/** Sessions that nobody uses are kept up to about this number. */
const MOST_KEPT = 256;

/**
 * A runtime that keeps its sessions for the next one who opens the same model with the same options: laws make thousands of
 * heads, and to open their graphs takes longer than all else. Sessions hold nothing between runs.
 */
export function keptSessions(runtime: OnnxRuntime): OnnxRuntime {
  const idle = new Map<string, RuntimeSession[]>();
  let count = 0;
  const takeFrom = (key: string): RuntimeSession | undefined => {
    const sessions = idle.get(key);
    const session = sessions?.pop();
    if (session !== undefined) count--;
    if (sessions?.length === 0) idle.delete(key);
    return session;
  };
  const create: OnnxRuntime['InferenceSession']['create'] = async (model, options) => {
    const key = `${JSON.stringify(options)} ${new TextDecoder('latin1').decode(model)}`;
    const session = takeFrom(key) ?? (await runtime.InferenceSession.create(model, options));
    return {
      run: (feeds, fetches) => session.run(feeds, fetches),
      async release() {
        const others = idle.get(key) ?? [];
        // At the end of the map's order: those that were released first go first.
        idle.delete(key);
        idle.set(key, [...others, session]);
        if (++count <= MOST_KEPT) return;
        const [first] = idle.keys();
        await takeFrom(first!)?.release();
      },
    };
  };
  return { ...runtime, InferenceSession: { create } };
}
