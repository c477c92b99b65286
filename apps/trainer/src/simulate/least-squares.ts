/**
 * Coefficients x ≥ 0 for which A·x is nearest to b, each row measured by its own value: Σ ((A·x − b)_i / b_i)² is least, so that
 * a microsecond and a second count alike. A coefficient that would be negative is 0, and the others are found again.
 *
 * @param rows A: as many columns as coefficients, at least as many rows. @param values b: each > 0
 * @throws RangeError where the rows do not determine the coefficients
 */
export function relativeLeastSquares(
  rows: readonly (readonly number[])[],
  values: readonly number[],
): readonly number[] {
  const columns = rows[0]!.length;
  // Columns of one length: units differ by many powers of ten.
  const scaled = rows.map((row, i) => row.map((entry) => entry / values[i]!));
  const lengths = Array.from({ length: columns }, (_, k) => Math.hypot(...scaled.map((row) => row[k]!)));
  const kept = lengths.flatMap((length, k) => (length > 0 ? [k] : []));
  while (kept.length > 0) {
    const design = scaled.map((row) => kept.map((k) => row[k]! / lengths[k]!));
    const found = solveNormal(design);
    const least = found.reduce((low, value, k) => (value < found[low]! ? k : low), 0);
    if (found[least]! >= 0) {
      const all = new Array<number>(columns).fill(0);
      kept.forEach((k, place) => {
        all[k] = found[place]! / lengths[k]!;
      });
      return all;
    }
    kept.splice(least, 1);
  }
  return new Array<number>(columns).fill(0);
}

/** Below this share of a column's length nothing of it is left that the others do not have. */
const SINGULAR = 1e-12;

/** x of AᵀA·x = Aᵀ·1, by elimination with the largest pivot. */
function solveNormal(design: readonly (readonly number[])[]): readonly number[] {
  const n = design[0]!.length;
  const dot = (a: (row: readonly number[]) => number, b: (row: readonly number[]) => number): number =>
    design.reduce((sum, row) => sum + a(row) * b(row), 0);
  const system = Array.from({ length: n }, (_, i) => [
    ...Array.from({ length: n }, (__, k) =>
      dot(
        (row) => row[i]!,
        (row) => row[k]!,
      ),
    ),
    dot(
      (row) => row[i]!,
      () => 1,
    ),
  ]);
  for (let i = 0; i < n; i++) {
    const pivot = system
      .slice(i)
      .reduce((best, row, k) => (Math.abs(row[i]!) > Math.abs(system[best]![i]!) ? i + k : best), i);
    [system[i], system[pivot]] = [system[pivot]!, system[i]!];
    if (Math.abs(system[i]![i]!) < SINGULAR)
      throw new RangeError(`${design.length} measurements do not determine ${n} costs`);
    for (const [k, row] of system.entries()) {
      if (k === i) continue;
      const factor = row[i]! / system[i]![i]!;
      for (let column = i; column <= n; column++) row[column]! -= factor * system[i]![column]!;
    }
  }
  return system.map((row, i) => row[n]! / row[i]!);
}
