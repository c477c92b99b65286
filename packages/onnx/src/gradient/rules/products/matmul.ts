import { ints } from '../../int-vector.ts';
import type { Rule, RuleCall } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';

/**
 * Y = A · B over stacks of matrices: ∂A = ∂Y · Bᵀ, ∂B = Aᵀ · ∂Y, summed over repeated stacks. A matrix shared by
 * the whole stack gets its gradient from one product. Ranks must be known; vectors count as a row or a column.
 */
export const matMul: Rule = {
  gradient(call) {
    const { graph } = call;
    const [a, b] = [call.input(0), call.input(1)];
    const [rankA, rankB] = [call.rank(a), call.rank(b)];
    const dy = (): string => {
      const rows = rankA === 1 ? graph.unsqueeze(call.dy, rankB === 1 ? 0 : -2) : call.dy;
      return rankB === 1 ? graph.unsqueeze(rows, -1) : rows;
    };
    return [
      () => {
        const matrixB = rankB === 1 ? graph.unsqueeze(b, 1) : b;
        const full = graph.op('MatMul', [dy(), transposed(call, matrixB, rankB)]);
        return sumToShape(graph, full, full, a);
      },
      () => {
        if (rankB === 2 && rankA > 2) return sharedMatrix(call, a, b, dy());
        const matrixA = rankA === 1 ? graph.unsqueeze(a, 0) : a;
        const full = graph.op('MatMul', [transposed(call, matrixA, rankA), dy()]);
        if (rankB > 1) return sumToShape(graph, full, full, b);
        const columns = graph.op('Squeeze', [full, graph.integers(ints(-1))]);
        return sumToShape(graph, columns, columns, b);
      },
    ];
  },
};

function sharedMatrix({ graph }: RuleCall, a: string, b: string, dy: string): string {
  const rows = (value: string, axis: number): string =>
    graph.reshape(value, graph.concatIntegers(ints(-1), graph.dimension(b, axis)));
  return graph.op('Gemm', [rows(a, 0), rows(dy, 1)], { transA: { int: 1 } });
}

function transposed({ graph }: RuleCall, matrix: string, rank: number): string {
  const last = Math.max(rank, 2) - 1;
  const stacks = Array.from({ length: last - 1 }, (_, axis) => axis);
  return graph.transpose(matrix, [...stacks, last, last - 1]);
}
