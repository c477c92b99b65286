/** How long other work of the process may wait, in milliseconds. */
export const PATIENCE = 50;

/** Lets other work of the process have its turn. */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
