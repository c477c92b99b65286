import type { Rules } from '../../rule.ts';
import { einsum } from './einsum.ts';
import { gemm } from './gemm.ts';
import { matMul } from './matmul.ts';

/** Products of matrices. */
export const products: Rules = { Einsum: einsum, Gemm: gemm, MatMul: matMul };
