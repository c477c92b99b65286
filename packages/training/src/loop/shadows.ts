import {
  BackendError,
  checkState,
  dotProduct,
  type FloatArray,
  firstLine,
  type Head,
  type HeadInput,
  type HeadOutput,
  initialState,
  type LossState,
  type MarginLoss,
  OptionOutOfRangeError,
  type SharedTiles,
} from '@cf/core';

/** A loss that only looks on: what it would do with the batches of a training of another one. */
export interface Shadow {
  /** As its cosines and its state are called. */
  readonly name: string;
  /** Of its loss, with as many centers a class as the training has. */
  readonly head: Head;
}

/** Losses that look on, and how often. */
export interface Shadows {
  readonly losses: readonly Shadow[];
  /** Steps from one look to the next; the first step has one. 1 by default. */
  readonly every?: number;
}

/** Shadows at work, with an array for ∂L/∂W that each of them may write into in its turn. */
export interface LookingOn extends Shadows {
  /** What the trained loss's head leaves for theirs. */
  readonly tiles: SharedTiles;
  spare?: Float32Array | undefined;
}

/** Between the gradients of a shadow and those of the trained loss; null where one of the two is zero. */
export interface ShadowCosines {
  /** Of ∂L/∂X, over the whole batch. */
  readonly embeddings: number | null;
  /** Of ∂L/∂W. */
  readonly weights: number | null;
}

/** What the shadows of a step saw. */
export interface ShadowMetrics {
  /** By the names of the shadows; none at a step without a look. */
  readonly cosines: Readonly<Record<string, ShadowCosines>>;
  /** Seconds that they took of the step, but for the copies of tiles that the trained loss's head made for them. */
  readonly seconds: number;
}

/** States of shadows, by their names. */
export type ShadowStates = Readonly<Record<string, LossState>>;

/** @throws OptionOutOfRangeError for a shadow that can't look on, or a name that two have */
export function requireShadows(
  { losses, every = 1 }: Shadows,
  trained: MarginLoss,
  subCenters: number,
): void {
  if (!Number.isSafeInteger(every) || every < 1)
    throw new OptionOutOfRangeError('shadows.every', every, 'an integer ≥ 1');
  const names = losses.map(({ name }) => name);
  for (const [at, { name, head }] of losses.entries()) {
    if (names.indexOf(name) < at)
      throw new OptionOutOfRangeError('shadows', name, 'every name once', 'name each shadow differently.');
    if (head.subCenters !== subCenters)
      throw new OptionOutOfRangeError(
        `shadow ${name}: subCenters`,
        head.subCenters,
        `${subCenters}, as the training has it`,
        'make its head with the subCenters of the training.',
      );
    const { bias } = head.loss;
    if (bias !== undefined && trained.bias?.of !== bias.of)
      throw new OptionOutOfRangeError(
        'shadow',
        name,
        `a loss without a learned bias, as ${trained.name} trains none that it could take`,
        'leave it out: its gradients would be those of a bias that nobody trains.',
      );
  }
}

/** Their states before a step: those that are known, and first ones of the others. */
export function shadowStates({ losses }: Shadows, known: ShadowStates = {}): ShadowStates {
  return Object.fromEntries(
    losses.map(({ name, head: { loss } }) => {
      const own = known[name];
      return [name, own?.loss === loss.name ? checkState(loss, own) : initialState(loss)];
    }),
  );
}

/**
 * Lets the shadows look at a step of the trained loss: embeddings, class centers and labels are the same, states are their
 * own. One whose loss carries a state (t, statistics) sees every batch, so that it stands where it would have stood; the
 * others only those that are looked at. Nothing of the training is written to.
 *
 * @param step training steps before this one
 * @throws BackendError that names a shadow whose head can't take the batch
 */
export async function lookOn(
  looking: LookingOn,
  states: ShadowStates,
  { input, output, step }: { readonly input: HeadInput; readonly output: HeadOutput; readonly step: number },
): Promise<{ readonly states: ShadowStates; readonly metrics: ShadowMetrics }> {
  const { losses, every = 1 } = looking;
  const started = performance.now();
  const isLook = step % every === 0;
  const next: Record<string, LossState> = {};
  const cosines: Record<string, ShadowCosines> = {};
  // The trained loss's array is its own to write to.
  const { gradWeights: _own, draws: _draws, bias, ...shared } = input;
  const trained = isLook ? gradientsOf(output) : undefined;
  for (const { name, head } of losses) {
    const { loss } = head;
    const at: LossState = { ...states[name]!, values: { ...states[name]!.values, step } };
    if (!isLook && !isCarrying(loss)) {
      next[name] = { ...at, values: { ...at.values, step: step + 1 } };
      continue;
    }
    const seen = await head
      .step({
        ...shared,
        ...(loss.bias === undefined || bias === undefined ? {} : { bias }),
        state: at,
        step,
        countNegatives: false,
        ...(looking.spare && { gradWeights: looking.spare }),
      })
      .catch((cause: unknown) => {
        throw new BackendError(
          `shadow ${name}: ${firstLine(cause)}`,
          'a loss that can look on at this training',
          `leave ${name} out of the shadows, or take another head.`,
          cause,
        );
      });
    next[name] = seen.state;
    if (seen.gradWeights instanceof Float32Array) looking.spare = seen.gradWeights;
    if (trained === undefined) continue;
    cosines[name] = {
      embeddings: cosineOf(trained.embeddings, seen.gradEmbeddings),
      weights: cosineOf(trained.weights, seen.gradWeights),
    };
  }
  return { states: next, metrics: { cosines, seconds: (performance.now() - started) / 1000 } };
}

/** Whether a shadow sees the batch of a step. @param step training steps before it */
export function isSeen({ losses, every = 1 }: Shadows, step: number): boolean {
  return step % every === 0 || losses.some(({ head }) => isCarrying(head.loss));
}

/** Whether a loss carries more than the count of its steps. */
function isCarrying({ initialValues, initialClassValues }: MarginLoss): boolean {
  return Object.keys({ ...initialValues, ...initialClassValues }).some((name) => name !== 'step');
}

/** A gradient, and the square of its length. */
interface Gradient {
  readonly values: FloatArray;
  readonly squares: number;
}

function gradientsOf({ gradEmbeddings, gradWeights }: HeadOutput): Record<keyof ShadowCosines, Gradient> {
  const of = (values: FloatArray): Gradient => ({ values, squares: dotProduct(values, values) });
  return { embeddings: of(gradEmbeddings), weights: of(gradWeights) };
}

/** Of two arrays of one length, in float64; exactly 1 where they are the same. */
function cosineOf({ values: a, squares: left }: Gradient, b: FloatArray): number | null {
  const right = dotProduct(b, b);
  if (left === 0 || right === 0) return null;
  const product = dotProduct(a, b);
  // The root of the product would round otherwise, and overflow.
  const cosine = left === right ? product / left : product / (Math.sqrt(left) * Math.sqrt(right));
  return Math.max(-1, Math.min(1, cosine));
}
