/**
 * A copy of a message with some fields changed. Fields that a file leaves out live on the message's prototype, as
 * defaults; a spread would lose them.
 */
export function withFields<T extends object>(message: T, changes: Partial<T>): T {
  const copy = Object.create(Object.getPrototypeOf(message)) as T;
  return Object.assign(copy, message, changes);
}

/** A copy of a message with some of its single fields left out, as if the file had none. */
export function withoutFields<T extends object>(message: T, ...names: readonly (keyof T)[]): T {
  const copy = withFields(message, {});
  for (const name of names) delete copy[name];
  return copy;
}
