import { relativeLeastSquares } from './least-squares.ts';
import {
  allGatherSeconds,
  allReduceSeconds,
  headSeconds,
  type LinkCosts,
  type StepCosts,
  type StepWork,
} from './step-costs.ts';

/** A step of a head with its update, in one process. */
export interface MeasuredStep extends StepWork {
  readonly dim: number;
  readonly seconds: number;
}

/** A collective of ranks on this machine. */
export interface MeasuredCollective {
  readonly operation: 'all-reduce' | 'all-gather';
  readonly ranks: number;
  /** Of one rank. */
  readonly bytes: number;
  /** Processes that share a core. */
  readonly shared: number;
  readonly seconds: number;
}

const NO_STEP: StepCosts = { fixed: 0, perEmbedding: 0, perCenter: 0, perProduct: 0, perGathered: 0 };
const NO_LINK: LinkCosts = { latency: 0, perReducedByte: 0, perGatheredByte: 0 };

/** Costs of a step by least squares. @throws RangeError where too few different steps were measured */
export function fitSteps(measured: readonly MeasuredStep[]): StepCosts {
  return fit(NO_STEP, measured, (step, costs) => headSeconds(step, step.dim, costs));
}

/** α and β by least squares. @throws RangeError where too few different collectives were measured */
export function fitCollectives(measured: readonly MeasuredCollective[]): LinkCosts {
  return fit(NO_LINK, measured, ({ operation, bytes, ranks, shared }, link) =>
    (operation === 'all-reduce' ? allReduceSeconds : allGatherSeconds)(bytes, ranks, link, shared),
  );
}

/** The model is linear in its costs: what it says of one of them alone, at 1, is that one's column. */
function fit<
  Costs extends { readonly [Name in keyof Costs]: number },
  Measured extends { readonly seconds: number },
>(none: Costs, measured: readonly Measured[], model: (one: Measured, costs: Costs) => number): Costs {
  const names = Object.keys(none) as (keyof Costs)[];
  const rows = measured.map((one) => names.map((name) => model(one, { ...none, [name]: 1 })));
  const found = relativeLeastSquares(
    rows,
    measured.map(({ seconds }) => seconds),
  );
  return Object.fromEntries(names.map((name, k) => [name, found[k]!])) as unknown as Costs;
}
