/** How well a training in progress told the scored pairs apart. */
export interface Validation {
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  readonly accuracy: number;
  /** Area under ROC: decides where accuracies are equal. */
  readonly auc: number;
}

/** The first of those than which none is better. */
export function bestOf(all: readonly Validation[]): Validation | undefined {
  let best: Validation | undefined;
  for (const one of all) if (best === undefined || isBetter(one, best)) best = one;
  return best;
}

function isBetter(a: Validation, b: Validation): boolean {
  return a.accuracy > b.accuracy || (a.accuracy === b.accuracy && a.auc > b.auc);
}

/** Whether as many scores as the patience allows have come since the best one. */
export function isPatienceOver(all: readonly Validation[], patience: number | undefined): boolean {
  const best = bestOf(all);
  if (best === undefined || patience === undefined) return false;
  return all.length - 1 - all.indexOf(best) >= patience;
}
