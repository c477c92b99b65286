/**
 * A copy of a message with some fields changed. Fields that a file leaves out live on the message's prototype, as
 * defaults; a spread would lose them.
 */
export function withFields<T extends object>(message: T, changes: Partial<T>): T {
  const copy = Object.create(Object.getPrototypeOf(message)) as T;
  return Object.assign(copy, message, changes);
}
