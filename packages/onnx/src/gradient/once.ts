/** Writes something the first time that it is asked for, so that gradients share it and unused ones cost nothing. */
export function once(write: () => string): () => string {
  let name: string | undefined;
  return () => {
    name ??= write();
    return name;
  };
}
