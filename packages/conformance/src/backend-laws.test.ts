import {
  type Backend,
  BackendError,
  type Communicator,
  type GradientRows,
  type GradientTaker,
  type HeadInput,
  type HeadOptions,
  type HeadOutput,
  type LossState,
  type MarginLoss,
  type NegativeSums,
  plainModulation,
  referenceBackend,
  referenceStep,
  softmaxObjective,
} from '@cf/core';
import { describe, expect, test } from 'vitest';
import { BACKEND_LAWS, backendLaws, FLOAT64_LAWS } from './backend-laws.ts';
import { cornersAgree } from './laws/corners.ts';
import { drawnLossesMatchOracle } from './laws/drawn-losses.ts';
import { emphasisedAreCounted } from './laws/emphasis.ts';
import { badInputIsNamed } from './laws/errors.ts';
import { finiteAtExtremes, oneClass, zeroVectors } from './laws/extremes.ts';
import { rowsAreTheGradient } from './laws/gradient-rows.ts';
import { gradientsMatchDerivatives, outputsMatchReference } from './laws/gradients.ts';
import type { Law } from './laws/law.ts';
import { knownCounterexample } from './laws/monotony.ts';
import { weightsAreLinear, zeroWeightIsSilent } from './laws/sample-weights.ts';
import { sampleIsAHead } from './laws/sampled-classes.ts';
import { failedShardsEnd, shardsAreTheWhole } from './laws/shards.ts';
import { evaluationMovesNothing, tStaysInHull } from './laws/state.ts';
import { firstOfEqualSubCenters, nearestSubCenterCounts, tablesBelongToClasses } from './laws/sub-centers.ts';
import {
  batchPermutation,
  classPermutation,
  logitGradientsSumToZero,
  rotation,
  scaleInvariance,
  tangentGradients,
  tileInvariance,
} from './laws/symmetries.ts';
import { SPECIMENS } from './problems/specimens.ts';

/** A step of a backend with a fault. */
type Step = (loss: MarginLoss, input: HeadInput, options: HeadOptions) => HeadOutput | Promise<HeadOutput>;

function backendOf(step: Step): Backend {
  return {
    ...referenceBackend(),
    createHead: async (loss, options = {}) => ({
      loss,
      subCenters: options.subCenters ?? 1,
      step: async (input) => step(loss, input, options),
      dispose() {},
    }),
  };
}

/** The reference with what comes out changed. */
const after =
  (
    change: (
      output: HeadOutput,
      input: HeadInput,
      options: HeadOptions,
      loss: MarginLoss,
    ) => Partial<HeadOutput>,
  ): Step =>
  (loss, input, options) => {
    const output = referenceStep(loss, input, options);
    return { ...output, ...change(output, input, options, loss) };
  };

/** The same with what goes in. */
const before =
  (change: (input: HeadInput) => HeadInput): Step =>
  (loss, input, options) =>
    referenceStep(loss, change(input), options);

const changeFirst = (values: ArrayLike<number>, change: (value: number) => number): Float64Array =>
  Float64Array.from(values, (value, i) => (i === 0 ? change(value) : value));

const withoutWeights = before(({ sampleWeights: _, ...input }) => input);

function withoutRadial(gradients: ArrayLike<number>, rows: ArrayLike<number>, dim: number): Float64Array {
  const out = Float64Array.from(gradients);
  for (let from = 0; from < out.length; from += dim) {
    let [along, squares] = [0, 0];
    for (let k = from; k < from + dim; k++) {
      along += out[k]! * rows[k]!;
      squares += rows[k]! ** 2;
    }
    for (let k = from; k < from + dim; k++) out[k]! -= (along / squares) * rows[k]!;
  }
  return out;
}

/** A fault for every law of backends: the law must find it. */
const FAULTS: readonly (readonly [fault: string, law: Law, step: Step])[] = [
  [
    '∂X is off by a thousandth',
    outputsMatchReference,
    after(({ gradEmbeddings }) => ({ gradEmbeddings: Float64Array.from(gradEmbeddings, (g) => 1.001 * g) })),
  ],
  [
    'a diagnostic is missing',
    outputsMatchReference,
    after(({ diagnostics }) => ({ diagnostics: { ...diagnostics, hardShare: null } })),
  ],
  [
    'whose logit is raised is called emphasised',
    emphasisedAreCounted,
    (loss, input, options) => referenceStep({ ...loss, emphasised: undefined }, input, options),
  ],
  [
    'nothing is ever emphasised',
    emphasisedAreCounted,
    after(({ diagnostics }) => ({
      diagnostics: { ...diagnostics, emphasisedShare: diagnostics.emphasisedShare && 0 },
    })),
  ],
  [
    'easy negatives are counted, too',
    emphasisedAreCounted,
    after(({ diagnostics }) => ({
      diagnostics: {
        ...diagnostics,
        emphasisedShare: (diagnostics.emphasisedShare ?? 0) * (diagnostics.hardShare ?? 0),
      },
    })),
  ],
  [
    'the state is forgotten',
    outputsMatchReference,
    after(({ state }) => ({ state: { ...state, values: {} } })),
  ],
  [
    'inner products are not scaled',
    drawnLossesMatchOracle,
    (loss, input, options) =>
      referenceStep(loss.geometry === 'inner' ? { ...loss, scale: 1 } : loss, input, options),
  ],
  [
    'the bias has the gradient of a logit',
    drawnLossesMatchOracle,
    after(({ gradBias }, _, __, { scale }) => ({
      gradBias: gradBias && Float64Array.from(gradBias, (g) => g / scale),
    })),
  ],
  [
    'the gradient along ‖x‖ is lost where the row is scaled by it',
    drawnLossesMatchOracle,
    after(({ gradEmbeddings }, { embeddings, dim }, _, { geometry }) =>
      geometry === 'norm-scaled' ? { gradEmbeddings: withoutRadial(gradEmbeddings, embeddings, dim) } : {},
    ),
  ],
  [
    'a state forgets what is not t',
    drawnLossesMatchOracle,
    after(({ state }) => {
      const { spread: _, ...values } = state.values;
      return { state: { ...state, values } };
    }),
  ],
  [
    'the gradient of a smoothed loss is that of the plain one',
    drawnLossesMatchOracle,
    (loss, input, options) => {
      const output = referenceStep(loss, input, options);
      if (loss.objective.kind !== 'softmax' || loss.objective.labelSmoothing === 0) return output;
      const { gradWeights } = referenceStep({ ...loss, objective: softmaxObjective }, input, options);
      return { ...output, gradWeights };
    },
  ],
  [
    'the bias that all classes share has the gradient of one of them',
    drawnLossesMatchOracle,
    after(({ gradBias }, { weights, dim }, { subCenters = 1 }, { bias }) => ({
      gradBias:
        bias?.of === 'all classes'
          ? Float64Array.from(gradBias!, (g) => (g * dim * subCenters) / weights.length)
          : gradBias,
    })),
  ],
  [
    'the weight of the loss is forgotten',
    drawnLossesMatchOracle,
    (loss, input, options) => referenceStep({ ...loss, lossWeight: 1 }, input, options),
  ],
  [
    'a target never hears of its negatives',
    drawnLossesMatchOracle,
    (loss, input, options) => {
      const { negativeSums } = loss;
      if (negativeSums === undefined) return referenceStep(loss, input, options);
      const deaf = { ...negativeSums, terms: plainZeros(negativeSums.names) };
      return referenceStep({ ...loss, negativeSums: deaf }, input, options);
    },
  ],
  [
    'the first sub-center is always the nearest',
    nearestSubCenterCounts,
    (loss, input, options) => {
      const { subCenters = 1 } = options;
      const { dim } = input;
      const first = input.weights.filter((_, at) => Math.floor(at / dim) % subCenters === 0);
      const output = referenceStep(loss, { ...input, weights: first }, { ...options, subCenters: 1 });
      const gradWeights = new Float64Array(input.weights.length);
      output.gradWeights.forEach((value, at) => {
        gradWeights[Math.floor(at / dim) * dim * subCenters + (at % dim)] = value;
      });
      return { ...output, gradWeights };
    },
  ],
  [
    'the last of equal sub-centers is moved',
    firstOfEqualSubCenters,
    after(({ gradWeights }, { dim }, { subCenters = 1 }) => ({
      gradWeights: subCenters === 1 ? gradWeights : reversedWithin(gradWeights, dim, subCenters),
    })),
  ],
  [
    'a table is read from its end',
    tablesBelongToClasses,
    (loss, input, options) => {
      const reversed = Object.entries(loss.classValues).map(([name, table]) => [
        name,
        Array.from(table).reverse(),
      ]);
      return referenceStep({ ...loss, classValues: Object.fromEntries(reversed) }, input, options);
    },
  ],
  [
    'what a loss carries of classes stands still',
    drawnLossesMatchOracle,
    after(({ state: { loss, values } }, { state: { classValues } = {} as LossState }) => ({
      state: { loss, values, ...(classValues && { classValues }) },
    })),
  ],
  [
    'class 0 counts for more',
    classPermutation,
    after(({ loss }, { labels }) => ({ loss: loss + (labels[0] === 0 ? 1e-3 : 0) })),
  ],
  [
    'the first sample counts for more',
    batchPermutation,
    after(({ losses }) => ({ losses: changeFirst(losses, (value) => value + 1e-3) })),
  ],
  [
    'one coordinate of ∂X is off',
    rotation,
    after(({ gradEmbeddings }) => ({ gradEmbeddings: changeFirst(gradEmbeddings, (g) => 1.1 * g + 0.01) })),
  ],
  [
    'the tile leaks',
    tileInvariance,
    after(({ loss }, _, { tileSize = 0 }) => ({ loss: loss + 1e-9 * tileSize })),
  ],
  [
    'the first class center is not normalised',
    scaleInvariance,
    after(({ loss }, { weights }) => ({ loss: loss + 1e-6 * Math.abs(weights[0]!) })),
  ],
  [
    'the gradient has a part along x',
    tangentGradients,
    after(({ gradEmbeddings }, { embeddings }) => ({
      gradEmbeddings: Float64Array.from(gradEmbeddings, (g, i) => g + 1e-3 * embeddings[i]!),
    })),
  ],
  [
    'the gradient has a part along w',
    tangentGradients,
    after(({ gradWeights }, { weights }) => ({
      gradWeights: Float64Array.from(gradWeights, (g, i) => g + 1e-3 * weights[i]!),
    })),
  ],
  [
    'a logit has too much gradient',
    logitGradientsSumToZero,
    after(({ inspection }) => ({
      inspection: inspection && {
        ...inspection,
        gradLogits: changeFirst(inspection.gradLogits, (g) => g + 1e-3),
      },
    })),
  ],
  [
    'the mask is ignored',
    knownCounterexample,
    (loss, input, options) => referenceStep({ ...loss, negative: plainModulation.negative }, input, options),
  ],
  [
    't overshoots',
    tStaysInHull,
    after(({ state }) => ({ state: { ...state, values: { ...state.values, t: state.values.t! + 0.5 } } })),
  ],
  ['evaluation trains', evaluationMovesNothing, before((input) => ({ ...input, mode: 'train' }))],
  ['evaluation forgets the state', evaluationMovesNothing, before(({ state: _, ...input }) => input)],
  [
    'cos = 1 gives NaN',
    finiteAtExtremes,
    after(({ gradEmbeddings, diagnostics }) => ({
      gradEmbeddings: gradEmbeddings.map((g) =>
        Math.abs(diagnostics.meanTargetCosine ?? 0) > 0.999 ? Number.NaN : g,
      ) as Float64Array,
    })),
  ],
  [
    'p passes 1',
    finiteAtExtremes,
    after(({ losses }) => ({ losses: Float64Array.from(losses, (value) => value - 1e-9) })),
  ],
  [
    'a zero vector is moved',
    zeroVectors,
    after(({ gradEmbeddings }) => ({ gradEmbeddings: Float64Array.from(gradEmbeddings, (g) => g + 1e-9) })),
  ],
  [
    'a zero class center is moved',
    zeroVectors,
    after(({ gradWeights }) => ({ gradWeights: Float64Array.from(gradWeights, (g) => g + 1e-9) })),
  ],
  ['one class has a loss', oneClass, after(({ loss }) => ({ loss: loss + 1e-3 }))],
  ['sample weights are ignored', weightsAreLinear, withoutWeights],
  [
    'sample weights are renormalised',
    weightsAreLinear,
    before(({ sampleWeights = [], ...input }) => {
      if (sampleWeights.length === 0) return input;
      const mean = Array.from(sampleWeights).reduce((sum, w) => sum + w, 0) / sampleWeights.length;
      return { ...input, sampleWeights: Array.from(sampleWeights, (w) => w / mean) };
    }),
  ],
  ['a weight of 0 is ignored', zeroWeightIsSilent, withoutWeights],
  [
    'labels are not checked',
    badInputIsNamed,
    before((input) => ({ ...input, labels: Array.from(input.labels, (y) => (y === 3 ? 0 : y)) })),
  ],
  [
    'errors have no code',
    badInputIsNamed,
    (loss, input, options) => {
      try {
        return referenceStep(loss, input, options);
      } catch (error) {
        throw new Error(String(error));
      }
    },
  ],
  ['nobody takes ∂W', rowsAreTheGradient, before(({ gradientTaker: _, ...input }) => input)],
  ['a row comes twice', rowsAreTheGradient, withTaker((taker, rows) => [taker.take(rows), taker.take(rows)])],
  [
    'a row comes without its target',
    rowsAreTheGradient,
    withTaker((taker, { first, values }) =>
      taker.take({ first, values: values.map((value, k) => (first === 0 && k === 0 ? 0 : value)) }),
    ),
  ],
  [
    'the norm is that of some rows',
    rowsAreTheGradient,
    before(({ gradientTaker: taker, ...input }) => ({
      ...input,
      ...(taker && {
        gradientTaker: {
          ...taker,
          ...(taker.begin && { begin: (norm: number) => taker.begin!(0.99 * norm) }),
        },
      }),
    })),
  ],
  [
    'each drawn class counts twice',
    sampleIsAHead,
    before(({ sampled, ...input }) => (sampled ? { ...input, sampled: { ...sampled, weight: 2 } } : input)),
  ],
  ['shards never meet', shardsAreTheWhole, withoutMeeting([0])],
  ['each shard has a log-sum-exp of its own', shardsAreTheWhole, withoutMeeting([1, 2])],
  ['∂X stays on its shard', shardsAreTheWhole, withoutMeeting([3])],
  ['a shard goes on without one that has failed', failedShardsEnd, goingOnAlone],
  ['a head that has failed once fails for ever', failedShardsEnd, failingForEver()],
  [
    '∂W is off by a thousandth',
    gradientsMatchDerivatives,
    after(({ gradWeights }) => ({ gradWeights: Float64Array.from(gradWeights, (g) => 1.001 * g) })),
  ],
  [
    'the slope is taken straight through',
    gradientsMatchDerivatives,
    (loss, input, options) =>
      referenceStep(
        {
          ...loss,
          target: (ops, point, sample) => ({ ...loss.target(ops, point, sample), dCos: ops.constant(1) }),
        },
        input,
        options,
      ),
  ],
];

/** A shard that takes a meeting that has failed for one of its own. */
async function goingOnAlone(loss: MarginLoss, input: HeadInput, options: HeadOptions): Promise<HeadOutput> {
  const { communicator: met } = options;
  if (met === undefined) return referenceStep(loss, input, options);
  const communicator: Communicator = {
    ...met,
    async allReduce(values, operation) {
      try {
        await met.allReduce(values, operation);
      } catch (error) {
        if ((error as { readonly code?: string }).code === undefined) throw error;
      }
    },
  };
  return (await referenceBackend().createHead(loss, { ...options, communicator })).step(input);
}

function failingForEver(): Step {
  const failed = new WeakSet<Communicator>();
  return async (loss, input, options) => {
    const { communicator } = options;
    if (communicator === undefined) return referenceStep(loss, input, options);
    if (failed.has(communicator)) throw new Error('busy');
    try {
      return await (await referenceBackend().createHead(loss, options)).step(input);
    } catch (error) {
      failed.add(communicator);
      throw error;
    }
  };
}

/** A head that hands rows over in another way. */
function withTaker(take: (taker: GradientTaker, rows: GradientRows) => unknown): Step {
  return (loss, { gradientTaker: taker, ...input }, options) =>
    referenceStep(
      loss,
      taker === undefined
        ? input
        : { ...input, gradientTaker: { ...taker, take: (rows) => void take(taker, rows) } },
      options,
    );
}

const plainZeros =
  (names: readonly string[]): NegativeSums['terms'] =>
  (ops) =>
    Object.fromEntries(names.map((name) => [name, ops.constant(0)]));

/** Rows in runs of K, each run the other way round. */
function reversedWithin(rows: ArrayLike<number>, dim: number, subCenters: number): Float64Array {
  return Float64Array.from({ length: rows.length }, (_, at) => {
    const row = Math.floor(at / dim);
    const other = row - (row % subCenters) + (subCenters - 1 - (row % subCenters));
    return rows[other * dim + (at % dim)]!;
  });
}

/** A head whose shards meet, but go on with their own numbers from some of the places where they do. */
function withoutMeeting(places: readonly number[]): Step {
  return async (loss, input, { communicator: met, ...options }) => {
    if (met === undefined) return referenceStep(loss, input, options);
    let place = 0;
    const communicator: Communicator = {
      ...met,
      async allReduce(values, operation) {
        await met.allReduce(places.includes(place++) ? values.slice() : values, operation);
      },
    };
    return (await referenceBackend().createHead(loss, { ...options, communicator })).step(input);
  };
}

const few = SPECIMENS.filter(({ name }) =>
  ['curricularface', 'arcface', 'adaface', 'arcface of a table'].includes(name),
);
/** That a case fails is all that is asked: it is not shrunk. The law of drawn losses multiplies the runs itself. */
const parametersOf = (law: Law) => ({
  numRuns: law === drawnLossesMatchOracle ? 8 : 30,
  seed: 7,
  endOnFailure: true,
});

/** That the reference obeys a law is tried once. */
const obeyed = new Map<Law, Promise<void>>();

describe('every law of backends finds a fault', () => {
  test.each(FAULTS)('%s', async (_, law, step) => {
    const parameters = parametersOf(law);
    if (!obeyed.has(law))
      obeyed.set(law, law.check({ backend: referenceBackend(), specimens: few, parameters }));
    await obeyed.get(law);
    await expect(law.check({ backend: backendOf(step), specimens: few, parameters })).rejects.toThrow();
  });

  test.each([
    ['curricularface', 'curricularface without hard negatives'],
    ['cosface', 'curricularface on cosface'],
    ['mv-am-softmax', 'mv-am-softmax at t = 1'],
    ['mv-arc-softmax', 'mv-arc-softmax at t = 1'],
    ['combined-margin', 'combined (1, m, 0)'],
    ['normface', 'combined (1, 0, 0) = normface'],
    ['focal(curricularface)', 'focal at γ = 0'],
    ['ohem(arcface)', 'ohem that keeps all'],
    ['self-paced(curricularface)', 'self-paced hard'],
  ])('a loss that is off leaves its corner: %s', async (name, corner) => {
    const step = after((output, _, __, loss) =>
      loss.name === name
        ? { gradWeights: Float64Array.from(output.gradWeights, (g) => 1.01 * g), loss: output.loss + 1e-3 }
        : {},
    );
    const parameters = parametersOf(cornersAgree);
    const run = cornersAgree.check({ backend: backendOf(step), specimens: few, parameters });
    await expect(run).rejects.toThrow(corner);
  });

  test('no law is left without a fault', () => {
    const tried = new Set([...FAULTS.map(([, law]) => law), cornersAgree]);
    expect(
      [...BACKEND_LAWS, ...FLOAT64_LAWS].filter((law) => !tried.has(law)).map(({ name }) => name),
    ).toEqual([]);
  });
});

describe('backendLaws', () => {
  test('opens the backend once, and only when a law runs', async () => {
    let opened = 0;
    const laws = backendLaws(
      () => {
        opened++;
        return referenceBackend();
      },
      { specimens: few, runsPerLoss: 1, seed: 1 },
    );
    expect(opened).toBe(0);
    await laws.find(({ name }) => name === oneClass.name)!.run();
    await laws.find(({ name }) => name === zeroVectors.name)!.run();
    expect(opened).toBe(1);
  });

  test('float64 has the laws that float32 has, and its own', () => {
    const names = (precision: 'float32' | 'float64'): string[] =>
      backendLaws(referenceBackend, { precision }).map(({ name }) => name);
    expect(new Set(names('float64')).size).toBe(names('float64').length);
    expect(names('float64')).toEqual([...names('float32'), ...FLOAT64_LAWS.map(({ name }) => name)]);
  });

  test('a failure names the loss, the shrunk problem and the seed, and the seed repeats it', async () => {
    const step = after(({ losses }) => ({ losses: changeFirst(losses, (value) => value + 1e-3) }));
    const run = async (): Promise<string> => {
      const laws = backendLaws(() => backendOf(step), { specimens: few, seed: 12 });
      const law = laws.find(({ name }) => name === outputsMatchReference.name)!;
      return law.run().then(
        () => '',
        (error: Error) => error.message,
      );
    };
    const message = await run();
    expect(message).toMatch(/^arcface: Property failed/);
    expect(message).toMatch(/seed: 12/);
    expect(message).toMatch(
      /Counterexample: \[\{"seed":\d+,"batch":1,"dim":2,"classes":1,"regime":"init"\}\]/,
    );
    expect(await run()).toBe(message);
  });
});

test('a backend that takes no shards must say so', async () => {
  const silent = { ...backendOf(referenceStep), sharded: false };
  const run = shardsAreTheWhole.check({
    backend: silent,
    specimens: few,
    parameters: parametersOf(shardsAreTheWhole),
  });
  await expect(run).rejects.toThrow(/Property failed/);
  const createHead = async (): Promise<never> => {
    throw new BackendError('a communicator', 'none', 'leave it out.');
  };
  await shardsAreTheWhole.check({
    backend: { ...silent, createHead },
    specimens: few,
    parameters: parametersOf(shardsAreTheWhole),
  });
});

test.each<[string, unknown, RegExp]>([
  ['a loss', [softmaxObjective], /^specimens\[0\] = .*expected a specimen.*\n.*specimen\('mine'/s],
  ['what makes a loss', [() => 3], /^specimens\[0\]/],
])('%s is no specimen', (_, specimens, message) => {
  expect(() => backendLaws(referenceBackend, { specimens } as never)).toThrow(message);
});

test('an option of the laws that is none is named', () => {
  expect(() => backendLaws(referenceBackend, { runsPerLos: 1 } as never)).toThrow(
    /did you mean 'runsPerLoss'/,
  );
});
