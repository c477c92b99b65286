/**
 * Positions of the highest numbers, the highest first; of equal ones the first. Fewer where there are fewer.
 *
 * A heap of `count` places, its lowest on top: N·log(count) at the worst.
 */
export function highest(values: Float64Array, count: number): number[] {
  const heap: number[] = [];
  /** Whether the number at one position comes after that at another. */
  const isLower = (one: number, other: number): boolean =>
    values[one]! < values[other]! || (values[one] === values[other] && one > other);
  const swap = (i: number, j: number): void => {
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  };
  const sink = (): void => {
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let low = at;
      if (left < heap.length && isLower(heap[left]!, heap[low]!)) low = left;
      if (right < heap.length && isLower(heap[right]!, heap[low]!)) low = right;
      if (low === at) return;
      swap(at, low);
      at = low;
    }
  };
  for (let position = 0; position < values.length; position++) {
    if (heap.length < count) {
      let at = heap.push(position) - 1;
      for (let up = (at - 1) >> 1; at > 0 && isLower(heap[at]!, heap[up]!); up = (at - 1) >> 1) {
        swap(at, up);
        at = up;
      }
    } else if (values[position]! > values[heap[0]!]!) {
      heap[0] = position;
      sink();
    }
  }
  return heap.sort((one, other) => (isLower(one, other) ? 1 : -1));
}
