import type { OneDnnApi } from './api.ts';
import type { Address } from './row-arithmetic.ts';

/** A row-major matrix. */
export interface Matrix {
  readonly at: Address;
  /** Numbers from one row to the next. */
  readonly stride: number;
  readonly isTransposed?: boolean;
}

export interface MatrixProduct {
  /** [m, k]·[k, n]. */
  readonly size: readonly [m: number, n: number, k: number];
  readonly a: Matrix;
  readonly b: Matrix;
  readonly result: Omit<Matrix, 'isTransposed'>;
  /** Added to what is there; written over it by default. */
  readonly isAdded?: boolean;
}

export type Multiply = (product: MatrixProduct) => void;

const PLAIN = 'N'.charCodeAt(0);
const TRANSPOSED = 'T'.charCodeAt(0);

/** oneDNN's product of matrices as they are, from address to address. */
export function matrixProduct({ library }: Pick<OneDnnApi, 'library'>): Multiply {
  const gemm = library.checked(
    'int dnnl_sgemm(char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha, intptr_t a, int64_t lda, intptr_t b, int64_t ldb, float beta, intptr_t c, int64_t ldc)',
  );
  const form = ({ isTransposed }: Matrix): number => (isTransposed ? TRANSPOSED : PLAIN);
  return ({ size: [m, n, k], a, b, result, isAdded }) =>
    gemm(
      ...[form(a), form(b), m, n, k, 1],
      ...[a.at, a.stride, b.at, b.stride],
      ...[isAdded ? 1 : 0, result.at, result.stride],
    );
}
