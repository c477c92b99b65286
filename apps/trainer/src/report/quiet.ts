/** Whether this process leaves telling to another, as ranks do but for the first. */
let isQuiet = false;

/** From now on progress and what is left out go unsaid here; errors are told. */
export function leaveTelling(): void {
  isQuiet = true;
}

export function isTold(): boolean {
  return !isQuiet;
}
