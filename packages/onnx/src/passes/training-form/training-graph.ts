import type { GraphBuilder } from '../../builder/graph-builder.ts';
import type { Dimension } from '../../model/model.ts';
import type { ValueTable } from '../../shapes/value-table.ts';
import type { GraphIndex } from '../graph-index.ts';

/** A training graph, as it is written from an inference graph. */
export interface TrainingGraph {
  readonly builder: GraphBuilder;
  /** The inference graph's nodes and constants. */
  readonly index: GraphIndex;
  /** What is known of the inference graph's values. */
  readonly values: ValueTable;
  /** First dimension of the input. */
  readonly batch: Dimension;
}
