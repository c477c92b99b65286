/**
 * A computation whose parts may have to be waited for. The same one runs at once where nothing waits, as in the float64
 * reference, and asynchronously where a device or another shard answers later.
 */
export type Steps<T> = Generator<unknown, T, unknown>;

/** What is there already, or will be. */
export type Eventually<T> = T | Promise<T>;

/** The value, as soon as it is there: `const y = yield* wait(x)`. */
export function* wait<T>(value: Eventually<T>): Steps<T> {
  return (yield value) as T;
}

/** Runs a computation that never has to wait. */
export function runNow<T>(steps: Steps<T>): T {
  let result = steps.next();
  while (!result.done) result = steps.next(result.value);
  return result.value;
}

/** Runs a computation and waits where it does. */
export async function runSteps<T>(steps: Steps<T>): Promise<T> {
  let result = steps.next();
  while (!result.done) {
    let value: unknown;
    try {
      value = await result.value;
    } catch (error) {
      result = steps.throw(error);
      continue;
    }
    result = steps.next(value);
  }
  return result.value;
}
