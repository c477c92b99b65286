/** How a training is spread over workers: all class centers on each, a part on each, or a drawn part of that part. */
export const STRATEGIES = ['data-parallel', 'sharded', 'sampled'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Seconds that a step of a head with its update takes in one process. */
export interface StepCosts {
  readonly fixed: number;
  /** For each number of X: n·d of them. */
  readonly perEmbedding: number;
  /** For each number of W, that is read, moved and given a gradient. */
  readonly perCenter: number;
  /** For each number of X with each class: the three products, 6 operations. */
  readonly perProduct: number;
  /** For each number of W that a sampled step gathers from all of W. */
  readonly perGathered: number;
}

/** Seconds of collectives: α for each call and each doubling of the ranks, β for each byte. */
export interface LinkCosts {
  /** α. */
  readonly latency: number;
  /** β of an all-reduce, which sums on one rank and sends to all; bytes of one rank. */
  readonly perReducedByte: number;
  /** β of an all-gather; bytes that come from others. */
  readonly perGatheredByte: number;
}

/** Of one worker: its network. */
export interface BackboneCosts {
  readonly imagesPerSecond: number;
  readonly parameters: number;
}

export interface Costs {
  readonly step: StepCosts;
  readonly link: LinkCosts;
  readonly backbone: BackboneCosts;
}

/** A training that is not run. */
export interface Setting {
  /** C, identities. */
  readonly ids: number;
  /** p. */
  readonly workers: number;
  /** d. */
  readonly dim: number;
  /** Pictures a step of one worker. */
  readonly batch: number;
  /** Share of the classes that a sampled step sees. */
  readonly sampleRate: number;
  /** Processes that share a core: what they compute and copy takes as many times as long. Default 1. */
  readonly shared?: number;
}

/** What a step of a worker comes to. */
export interface SimulatedStep {
  readonly seconds: number;
  /** Of them, in collectives. */
  readonly communicationSeconds: number;
  /** Over all workers. */
  readonly imagesPerSecond: number;
  /** Of communication in the step. */
  readonly communicationShare: number;
  /** Of one worker: class centers with momentum and gradient, the batch of the head, and the network's weights; no activations. */
  readonly memoryBytes: number;
}

const FLOAT = 4;
const DOUBLE = 8;
/** Calls of MPI in one collective: a sum, and its result to all; lengths, and values. */
const CALLS = 2;
/** Sums and largest in which the shards of a head meet in a step, and numbers of each sample in them beside ∂X. */
export const MEETINGS = 5;
export const NUMBERS_OF_SAMPLE = 6;

/** What is multiplied and moved in a step of one worker. */
export interface StepWork {
  /** Embeddings that its head sees. */
  readonly samples: number;
  /** Class centers that its head sees. */
  readonly centers: number;
  /** Of them, those that are gathered first. */
  readonly gathered: number;
}

/** The work of one worker in a step. */
export function workOf(strategy: Strategy, { ids, workers, batch, sampleRate }: Setting): StepWork {
  if (strategy === 'data-parallel') return { samples: batch, centers: ids, gathered: 0 };
  const samples = workers * batch;
  if (strategy === 'sharded') return { samples, centers: ids / workers, gathered: 0 };
  // Positives always, however many: as many as that many draws are of.
  const positives = ids * -Math.expm1(samples * Math.log1p(-1 / ids));
  const centers = Math.min(ids, Math.max(sampleRate * ids, positives)) / workers;
  return { samples, centers, gathered: centers };
}

/** Seconds of a head's step with its update in one process that has a core to itself. */
export function headSeconds({ samples, centers, gathered }: StepWork, dim: number, costs: StepCosts): number {
  return (
    costs.fixed +
    costs.perEmbedding * samples * dim +
    costs.perCenter * centers * dim +
    costs.perProduct * samples * centers * dim +
    costs.perGathered * gathered * dim
  );
}

/** Doublings until all ranks have heard. */
function stages(ranks: number): number {
  return Math.ceil(Math.log2(ranks));
}

/** Seconds of an all-reduce. @param bytes of one rank */
export function allReduceSeconds(bytes: number, ranks: number, link: LinkCosts, shared: number = 1): number {
  if (ranks === 1) return 0;
  return shared * (CALLS * link.latency * stages(ranks) + link.perReducedByte * bytes);
}

/** Seconds of an all-gather. @param bytes of one rank */
export function allGatherSeconds(bytes: number, ranks: number, link: LinkCosts, shared: number = 1): number {
  if (ranks === 1) return 0;
  return shared * (CALLS * link.latency * stages(ranks) + link.perGatheredByte * (ranks - 1) * bytes);
}

/** Seconds in collectives of a head's step, without the network's gradients. */
export function headCommunication(strategy: Strategy, setting: Setting, link: LinkCosts): number {
  const { ids, workers, dim, batch, shared = 1 } = setting;
  const reduce = (bytes: number): number => allReduceSeconds(bytes, workers, link, shared);
  if (strategy === 'data-parallel') return reduce(FLOAT * ids * dim);
  const samples = workers * batch;
  return (
    allGatherSeconds(FLOAT * batch * dim, workers, link, shared) +
    (MEETINGS - 1) * reduce(0) +
    reduce(DOUBLE * samples * (dim + NUMBERS_OF_SAMPLE))
  );
}

/** A step of one worker among all: what it takes, and what it holds. */
export function simulateStep(strategy: Strategy, setting: Setting, costs: Costs): SimulatedStep {
  const { workers, dim, batch, shared = 1 } = setting;
  const { backbone } = costs;
  const work = workOf(strategy, setting);
  const communicationSeconds =
    headCommunication(strategy, setting, costs.link) +
    allReduceSeconds(FLOAT * backbone.parameters, workers, costs.link, shared);
  const computed = shared * (batch / backbone.imagesPerSecond + headSeconds(work, dim, costs.step));
  const seconds = computed + communicationSeconds;
  return {
    seconds,
    communicationSeconds,
    imagesPerSecond: (workers * batch) / seconds,
    communicationShare: communicationSeconds / seconds,
    memoryBytes: workerBytes(strategy, setting, backbone.parameters),
  };
}

/**
 * Bytes of one worker: W and momentum of its classes; of those that a step sees, their gradient and, where they are gathered,
 * their copy; X and ∂X of the whole batch, ∂X in doubles and in floats; the network's weights, momentum and gradient.
 */
export function workerBytes(strategy: Strategy, setting: Setting, parameters: number): number {
  const { samples, centers, gathered } = workOf(strategy, setting);
  const held = strategy === 'data-parallel' ? setting.ids : setting.ids / setting.workers;
  const rows = 2 * held + centers + gathered;
  return FLOAT * rows * setting.dim + (2 * FLOAT + DOUBLE) * samples * setting.dim + 3 * FLOAT * parameters;
}
