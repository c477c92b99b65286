import type { Communicator } from '../communicator/communicator.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import type { LossState } from '../state/loss-state.ts';
import type { Mode } from '../weighting/sample-weighting.ts';
import type { SharedTiles } from './shared-tiles.ts';

export type FloatArray = Float32Array | Float64Array;

/** That W holds some of the classes only, drawn for this batch. */
export interface ClassSample {
  /** Which classes the rows of W are of, K rows each, rising: [C′]. Labels count these, from 0 to C′ − 1. */
  readonly ids: ArrayLike<number>;
  /** C, over all shards: the length of what a loss has and carries of classes. */
  readonly classes: number;
  /** How many classes these stand for in the loss. Default C′. */
  readonly standFor?: number;
  /** What each negative counts for in the sums over the negatives. Default 1. */
  readonly weight?: number;
}

/** Some rows of ∂L/∂W that stand together. */
export interface GradientRows {
  /** The row of W that the first of them belongs to. */
  readonly first: number;
  /** [n, d]. Good during the call alone. */
  readonly values: FloatArray;
}

/** Who takes ∂L/∂W row by row, such as an optimiser that moves W at once. */
export interface GradientTaker {
  /**
   * Is told ‖∂L/∂W‖, over the classes of all shards, before the first row is taken. It costs another pass over the classes
   * where a backend hands rows over while it computes them; leave it out where nobody needs the norm.
   */
  begin?(norm: number): void;
  /** Takes rows, each of them once, in any order. These rows of W are read no more and may be changed. */
  take(rows: GradientRows): void;
}

/** One batch, as a head takes it. Arrays are row-major. */
export interface HeadInput {
  /** X: [B, d]. */
  readonly embeddings: FloatArray;
  /** Class centers W, one row a class, or K with sub-centers, row c·K + k being sub-center k of class c: [C·K, d]. */
  readonly weights: FloatArray;
  /** b: [C], or [1] where all classes share it; where the loss has a bias, and only there. */
  readonly bias?: FloatArray | undefined;
  /** Integers in [0, C), or −1 where the class is on another shard: [B]. */
  readonly labels: ArrayLike<number>;
  /** d, the length of an embedding. */
  readonly dim: number;
  /** ≥ 0, one a sample: [B]. Default 1 each. The loss is Σ w_i·L_i / B. */
  readonly sampleWeights?: ArrayLike<number> | undefined;
  /** Identifies each sample to seeded draws: [B]. Default: its position. */
  readonly sampleKeys?: ArrayLike<number> | undefined;
  /** The margins themselves, in place of seeded draws: [B]. */
  readonly draws?: ArrayLike<number> | undefined;
  /** Default: the loss's initial state. */
  readonly state?: LossState | undefined;
  /** Training steps before this one, where the caller counts them: a state of another step is then refused. */
  readonly step?: number | undefined;
  /** Default `train`. In `eval` no state moves and margins are at their mean. */
  readonly mode?: Mode | undefined;
  /**
   * Default true. `false` allows a backend to leave out the diagnostics that look at every negative: hardShare,
   * emphasisedShare, minModulation and maxModulation are then null.
   */
  readonly countNegatives?: boolean | undefined;
  /**
   * An array that is no longer needed, which a backend may write ∂L/∂W into and return: [C, d]. After an error its content
   * is undefined.
   */
  readonly gradWeights?: Float32Array | undefined;
  /**
   * Takes ∂L/∂W in place of the output, whose gradWeights is then empty. Backends with `handsOverRows` do it tile by tile, so
   * that ∂L/∂W needs no memory, and others once it is whole: the numbers are the same to the bit. Not together with
   * `inspect` or `sharedTiles`, which read W once more. After an error some rows may have been taken.
   */
  readonly gradientTaker?: GradientTaker | undefined;
  /**
   * Where W holds a part of the classes, drawn for this batch: what `sampledHead` hands to the heads that it is made of. For
   * backends whose heads take a communicator.
   */
  readonly sampled?: ClassSample | undefined;
  /** What other heads step over the same X and W with, and may share; a backend need not. It changes no bit. */
  readonly sharedTiles?: SharedTiles | undefined;
}

/** How the curriculum stands in a batch. null where a loss or a batch does not define the number. */
export interface HeadDiagnostics {
  /** Mean of cos θ_y (without gradient, before the margin): CurricularFace's r. */
  readonly meanTargetCosine: number | null;
  /** CurricularFace's t after this step's update. */
  readonly t: number | null;
  /** Share of the B·(C − 1) negatives with cos θ_j above the pivot. */
  readonly hardShare: number | null;
  /**
   * Share of the hard negatives that the loss emphasises: of CurricularFace those with I = t + cos θ_j > 1; where a loss does
   * not say, those whose logit is raised, N > cos θ_j.
   */
  readonly emphasisedShare: number | null;
  /** Least slope M = ∂N/∂cos θ_j over the hard negatives. */
  readonly minModulation: number | null;
  /** Largest slope M over the hard negatives. */
  readonly maxModulation: number | null;
  /** Share of the samples whose angle with its margin is past π. */
  readonly pastPiShare: number | null;
  /** Share of the class centers whose negatives were too unlikely to move any gradient, and were skipped. */
  readonly skippedShare: number | null;
}

/** The full logits of a small problem, for tests and pictures: B × C numbers, so never in training. */
export interface HeadInspection {
  /** What goes into cross-entropy or ln(1 + e^z), scale, margin and bias applied: [B, C]. */
  readonly logits: FloatArray;
  /** ∂loss/∂logits: [B, C]. */
  readonly gradLogits: FloatArray;
}

/** What one step of a head gives. */
export interface HeadOutput {
  /** Mean over the batch, regulariser included. */
  readonly loss: number;
  /** Per-sample losses, weights and G applied, without the regulariser: [B]. */
  readonly losses: FloatArray;
  /** Mean of the regulariser; 0 where the loss has none. */
  readonly regulariser: number;
  /** ∂loss/∂X: [B, d]. */
  readonly gradEmbeddings: FloatArray;
  /** ∂loss/∂W: [C·K, d]; empty where `gradientTaker` has taken it. */
  readonly gradWeights: FloatArray;
  /** ∂loss/∂b, of the length of b; undefined where the loss has none. */
  readonly gradBias: FloatArray | undefined;
  /** State after this step, to hand in with the next. */
  readonly state: LossState;
  readonly diagnostics: HeadDiagnostics;
  /** Only where it was asked for. */
  readonly inspection: HeadInspection | undefined;
}

export interface HeadOptions {
  /** Classes a tile. Default: the backend's choice. */
  readonly tileSize?: number | undefined;
  /**
   * K, class centers a class: the cosine with a class is the largest of the K, and the gradient goes to that one, of equal
   * ones to the first (Deng et al. 2020, Sub-center ArcFace, section 3). Default 1.
   */
  readonly subCenters?: number | undefined;
  /** Check that inputs are finite, by name and index. Default true. */
  readonly checkFinite?: boolean | undefined;
  /** Also return the full logits and their gradient. Default false. */
  readonly inspect?: boolean | undefined;
  /**
   * Where this head is one of several that share the classes: W and b are then its own classes, and labels those of its
   * own, −1 for all others.
   */
  readonly communicator?: Communicator | undefined;
  /** The first of its own classes among all: default 0, and needed where classes are shared. */
  readonly firstClass?: number | undefined;
}

/** A loss, ready to run on a backend. */
export interface Head {
  readonly loss: MarginLoss;
  /** K, class centers a class. */
  readonly subCenters: number;
  /**
   * Value, gradients and next state of one batch. In evaluation the state comes back as it went in.
   *
   * @throws NonFiniteError also where finite input overflows in the backend's precision
   * @throws ShapeMismatchError, LabelOutOfRangeError, NonFiniteError, OptionOutOfRangeError, StateMismatchError
   */
  step(input: HeadInput): Promise<HeadOutput>;
  /** Frees what the head holds. A backend that can't run a disposed head says so with BackendError. */
  dispose(): void;
}

/**
 * What a backend is: something that makes heads. It is not a tensor library, it knows no backbone and no
 * optimiser, and it has no formula of its own: it reads those of the loss it is given.
 */
export interface Backend {
  /** Such as `reference`, `tfjs-cpu`, `gpujs-cpu`. */
  readonly name: string;
  /** Of the arithmetic; tolerances follow from it. */
  readonly precision: 'float64' | 'float32';
  /** Whether its heads take a communicator, so that classes can be split over several. */
  readonly sharded?: boolean;
  /** Whether a `gradientTaker` gets ∂L/∂W tile by tile, and no array holds all of it. */
  readonly handsOverRows?: boolean;
  /** What it chose that may change last bits, such as threads and kernels: for the record of a training. */
  readonly choices?: Readonly<Record<string, string | number>>;
  createHead(loss: MarginLoss, options?: HeadOptions): Promise<Head>;
  dispose(): Promise<void>;
}
