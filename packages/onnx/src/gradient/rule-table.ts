import type { Rule } from './rule.ts';
import { add, div, mul, neg, sub, sum } from './rules/arithmetic.ts';
import { batchNormalization } from './rules/batch-normalization.ts';
import { cast, castLike } from './rules/cast.ts';
import { concat, split } from './rules/concat.ts';
import { conv, convTranspose } from './rules/conv.ts';
import { dropout } from './rules/dropout.ts';
import { expand } from './rules/expand.ts';
import { max, min } from './rules/extremes.ts';
import { gelu } from './rules/gelu.ts';
import { gemm } from './rules/gemm.ts';
import { identity } from './rules/identity.ts';
import { instanceNormalization } from './rules/instance-normalization.ts';
import { layerNormalization } from './rules/layer-normalization.ts';
import { matMul } from './rules/matmul.ts';
import { averagePool, maxPool } from './rules/pools.ts';
import { erf, exp, log, pow, reciprocal, sqrt } from './rules/powers.ts';
import { clip, leakyRelu, prelu, relu } from './rules/rectifiers.ts';
import { globalAveragePool, reduceMax, reduceMean, reduceMin, reduceSum } from './rules/reduce.ts';
import { flatten, reshape, squeeze, unsqueeze } from './rules/reshapes.ts';
import { gather, pad, slice } from './rules/select.ts';
import { hardSigmoid, hardSwish, sigmoid, tanh } from './rules/sigmoids.ts';
import { logSoftmax, softmax } from './rules/softmax.ts';
import { depthToSpace, spaceToDepth } from './rules/space-and-depth.ts';
import { transpose } from './rules/transpose.ts';
import { where } from './rules/where.ts';

const RULES: readonly Rule[] = [
  add,
  averagePool,
  batchNormalization,
  cast,
  castLike,
  clip,
  concat,
  conv,
  convTranspose,
  depthToSpace,
  div,
  dropout,
  erf,
  exp,
  expand,
  flatten,
  gather,
  gelu,
  gemm,
  globalAveragePool,
  hardSigmoid,
  hardSwish,
  identity,
  instanceNormalization,
  layerNormalization,
  leakyRelu,
  log,
  logSoftmax,
  matMul,
  max,
  maxPool,
  min,
  mul,
  neg,
  pad,
  pow,
  prelu,
  reciprocal,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
  relu,
  reshape,
  sigmoid,
  slice,
  softmax,
  spaceToDepth,
  split,
  sqrt,
  squeeze,
  sub,
  sum,
  tanh,
  transpose,
  unsqueeze,
  where,
];

const BY_OPERATOR: ReadonlyMap<string, Rule> = new Map(RULES.map((rule) => [rule.operator, rule]));

/** The rule of a standard operator, if there is one. */
export function ruleOf(operator: string): Rule | undefined {
  return BY_OPERATOR.get(operator);
}

/** Standard operators that `gradient` goes through, in alphabetical order. */
export function supportedOperators(): readonly string[] {
  return [...BY_OPERATOR.keys()].sort();
}
