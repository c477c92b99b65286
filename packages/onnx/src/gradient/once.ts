/** Writes something the first time that it is asked for, so that gradients share it and unused ones cost nothing. */
export function once<T = string>(write: () => T): () => T {
  let name: T | undefined;
  return () => {
    name ??= write();
    return name;
  };
}
