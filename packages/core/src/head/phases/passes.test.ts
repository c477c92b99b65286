import { describe, expect, test } from 'vitest';
import { adaCos } from '../../losses/ada-cos.ts';
import { arcFace } from '../../losses/arc-face.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import { sphereFace2 } from '../../losses/sphere-face-2.ts';
import { bceFace, uniFace } from '../../losses/uni-face.ts';
import { focal, ohem, selfPaced } from '../../losses/weighted.ts';
import { keyedNormal } from '../../random/margin-draws.ts';
import { referenceHeadStep } from '../../reference/reference-step.ts';
import type { HeadInput } from '../contract.ts';
import { headStep } from './head-step.ts';
import { runNow } from './steps.ts';
import { surveyLoss } from './survey.ts';

const [CLASSES, DIM] = [4, 3];
const fill = (length: number, seed: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => keyedNormal(seed, 0, i));
const input = (loss: MarginLoss): HeadInput => ({
  embeddings: fill(5 * DIM, 1),
  weights: fill(CLASSES * DIM, 2),
  labels: [0, 1, 2, 3, 0],
  dim: DIM,
  ...(loss.bias ? { bias: fill(loss.bias.of === 'all classes' ? 1 : CLASSES, 3) } : {}),
});

/** Which passes a step makes, in their order, and over which loss. */
function passesOf(loss: MarginLoss, extra: Partial<HeadInput> = {}): string[] {
  const seen: string[] = [];
  const step = referenceHeadStep(loss, { ...input(loss), ...extra }, {});
  const open = (batch: Parameters<typeof step.passes>[0]) => {
    const passes = step.passes(batch) as Exclude<ReturnType<typeof step.passes>, Promise<unknown>>;
    const note = (name: string): void => {
      seen.push(batch.loss === surveyLoss ? `survey ${name}` : name);
    };
    return {
      negatives: () => {
        note('negatives');
        return passes.negatives();
      },
      gradients: (reduced: Parameters<typeof passes.gradients>[0]) => {
        note('gradients');
        return passes.gradients(reduced);
      },
      pairs: (dNll: Float64Array | undefined) => {
        note(dNll === undefined ? 'pairs' : 'pairs with slopes');
        return passes.pairs(dNll);
      },
      dispose: () => note('dispose'),
    };
  };
  runNow(headStep({ ...step, passes: open }));
  return seen;
}

describe('passes over the classes', () => {
  test.each([
    ['sphereface2', sphereFace2()],
    ['uniface', uniFace()],
    ['bce-face', bceFace()],
  ])('%s: one, and two where the weighting reads the losses', (_, loss) => {
    const once = ['pairs with slopes', 'dispose'];
    const twice = ['pairs', 'pairs with slopes', 'dispose'];
    expect(passesOf(loss)).toEqual(once);
    expect(passesOf(loss, { mode: 'eval' })).toEqual(once);
    for (const weighted of [focal(loss), ohem(loss), selfPaced(loss)])
      expect(passesOf(weighted)).toEqual(twice);
  });

  test('a softmax: two', () => {
    for (const loss of [arcFace(), ohem(arcFace()), adaCos({ dynamic: false })])
      expect(passesOf(loss)).toEqual(['negatives', 'gradients', 'dispose']);
  });

  test('a survey stands before them, in training only', () => {
    const rest = ['negatives', 'gradients', 'dispose'];
    expect(passesOf(adaCos())).toEqual(['survey negatives', 'survey dispose', ...rest]);
    expect(passesOf(adaCos(), { mode: 'eval' })).toEqual(rest);
  });
});

test('one pass and two give the same', () => {
  const loss = sphereFace2({ gradient: 'exact' });
  const { weighting } = loss;
  // The same weighting, seen to read the losses.
  const reading: MarginLoss = {
    ...loss,
    weighting: {
      ...weighting,
      name: 'reading',
      reduce: (ops, samples, state, mode) => {
        const plain = weighting.reduce(ops, samples, state, mode);
        const none = ops.mul(ops.constant(0), samples.nll);
        return { ...plain, dNll: ops.add(plain.dNll, none) };
      },
    },
  };
  const step = (of: MarginLoss) => runNow(headStep(referenceHeadStep(of, input(of), { inspect: true })));
  expect(passesOf(reading)).toEqual(['pairs', 'pairs with slopes', 'dispose']);
  expect(step(reading)).toEqual(step(loss));
});
