import type { GraphBuilder } from '../builder/graph-builder.ts';
import { type FormulaValue, named } from '../formula/formula-nodes.ts';
import { scalar } from '../formula/scalar.ts';

const LARGE = 3e38;

/** What is known of every pair of sample and class of a tile: [B, n] each. */
export interface PairNodes {
  readonly cos: string;
  readonly dCos: FormulaValue;
  /** Which hard ones are emphasised. */
  readonly emphasised: FormulaValue;
  /** Which pairs are negatives. */
  readonly others: string;
}

/**
 * Counts a tile's hard negatives: outputs `hard`, `emphasised`, `min_slope` and `max_slope`, one number each; ±3e38 where
 * there is no hard negative.
 */
export function hardNegativeNodes(builder: GraphBuilder, { cos, dCos, emphasised, others }: PairNodes): void {
  const hard = builder.op('And', [builder.op('Greater', [cos, 'pivot']), others]);
  const count = (mask: string, output: string): void => {
    const ones = builder.op('Cast', [mask], { to: { int: 1 } });
    builder.op('ReduceSum', [ones], { keepdims: { int: 0 } }, { outputs: [output] });
    builder.output(output, 'float32', []);
  };
  count(hard, 'hard');
  count(builder.op('And', [hard, named(builder, emphasised)]), 'emphasised');
  for (const [operator, none, output] of [
    ['ReduceMin', LARGE, 'min_slope'],
    ['ReduceMax', -LARGE, 'max_slope'],
  ] as const) {
    const slopes = builder.op('Where', [hard, named(builder, dCos), scalar(builder, none)]);
    builder.op(operator, [slopes], { keepdims: { int: 0 } }, { outputs: [output] });
    builder.output(output, 'float32', []);
  }
}
