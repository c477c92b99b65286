const FOLDS = 10;

/** Ten folds, or as many as there are pairs if those are fewer. */
export function foldCount(pairs: number): number {
  return Math.min(FOLDS, pairs);
}

/**
 * The fold of a pair, from 0, where pairs lie in folds in their order, as scikit-learn's KFold has it: the first folds have
 * one more where the pairs can't be shared equally.
 */
export function foldInOrder(pair: number, pairs: number): number {
  const folds = foldCount(pairs);
  const [size, more] = [Math.floor(pairs / folds), pairs % folds];
  const inLarger = more * (size + 1);
  return pair < inLarger ? Math.floor(pair / (size + 1)) : more + Math.floor((pair - inLarger) / size);
}
