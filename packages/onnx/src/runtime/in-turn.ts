import type { OnnxRuntime, RuntimeSession } from './onnx-runtime.ts';

type Sessions = OnnxRuntime['InferenceSession'];
type Queue = <Result>(call: () => Promise<Result>) => Promise<Result>;

/** By what creates the sessions: a training and a head may share one runtime without knowing of each other. */
const QUEUES = new WeakMap<Sessions, Queue>();

/** Sessions of a runtime that takes one call at a time, whatever session it goes to: each call waits for those before. */
export function inTurn(sessions: Sessions): Sessions {
  const queue = QUEUES.get(sessions) ?? newQueue();
  QUEUES.set(sessions, queue);
  return {
    create: async (model, options) => waiting(await queue(() => sessions.create(model, options)), queue),
  };
}

function waiting(session: RuntimeSession, queue: Queue): RuntimeSession {
  return {
    run: (feeds, fetches) => queue(() => session.run(feeds, fetches)),
    release: () => queue(() => session.release()),
  };
}

function newQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    const result = last.then(call, call);
    last = result;
    return result;
  };
}
