/** Something that was done to a model before it is used. */
export interface Note {
  readonly kind:
    | 'input-chosen'
    | 'output-chosen'
    | 'output-flattened'
    | 'batch-freed'
    | 'weights-split'
    | 'weights-shared'
    | 'statistics-of-running'
    | 'dropout-off'
    | 'written-out'
    | 'half-precision'
    | 'weights-beside';
  /** One plain sentence. */
  readonly text: string;
  /** The nodes, weights or values that it is about. */
  readonly names: readonly string[];
}
