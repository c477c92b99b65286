import type { Communicator } from '@cf/core';

/** What a communicator was asked for, and how long it took. */
export interface Traffic {
  /** In its calls, waiting for other ranks included. */
  readonly seconds: number;
  readonly calls: number;
  /** That this rank has handed in. */
  readonly bytes: number;
}

/** A communicator that counts. */
export interface TimedCommunicator extends Communicator {
  /** Since the last time. */
  take(): Traffic;
}

export function timedCommunicator(inner: Communicator): TimedCommunicator {
  let traffic = { seconds: 0, calls: 0, bytes: 0 };
  const timed = async <Result>(bytes: number, run: () => Result): Promise<Awaited<Result>> => {
    const start = performance.now();
    const result = await run();
    traffic = {
      seconds: traffic.seconds + (performance.now() - start) / 1000,
      calls: traffic.calls + 1,
      bytes: traffic.bytes + bytes,
    };
    return result;
  };
  return {
    rank: inner.rank,
    size: inner.size,
    allReduce: (values, operation) => timed(values.byteLength, () => inner.allReduce(values, operation)),
    allGather: (values) => timed(values.byteLength, () => inner.allGather(values)),
    broadcast: (values, from) => timed(values.byteLength, () => inner.broadcast(values, from)),
    barrier: () => timed(0, () => inner.barrier()),
    take() {
      const taken = traffic;
      traffic = { seconds: 0, calls: 0, bytes: 0 };
      return taken;
    },
  };
}
