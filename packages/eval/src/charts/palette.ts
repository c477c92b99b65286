/** Colours of series, in order: told apart on white and on near black, and by most colour-blind readers. */
export const PALETTE: readonly string[] = [
  '#2f7fd1',
  '#d9682b',
  '#2a9469',
  '#c24b8a',
  '#8a6bd1',
  '#9a7b1c',
  '#26919f',
  '#7a828e',
];
