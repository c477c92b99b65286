import { curricularFace, type LossState } from '@cf/core';
import fc from 'fast-check';
import { buildProblem, problemSpecs } from '../problems/problem.ts';
import { assertNamed, type Law, problemLaw, stepOnce } from './law.ts';

/** The curriculum's parameter is an average and stays among what it averages. */
export const tStaysInHull: Law = {
  name: 't stays between the smallest and the largest of t₀ and the batch means, for every α',
  async check({ backend, parameters }) {
    const property = fc.asyncProperty(
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(problemSpecs(), { minLength: 1, maxLength: 4 }),
      async (tInitial, alpha, specs) => {
        const loss = curricularFace({ tInitial, alpha });
        const seen = [tInitial];
        let state: LossState | undefined;
        for (const spec of specs) {
          const output = await stepOnce(backend, loss, {
            ...buildProblem(spec, loss),
            ...(state === undefined ? {} : { state }),
          });
          state = output.state;
          seen.push(output.diagnostics.meanTargetCosine!);
          const t = state.values.t!;
          const slack = backend.precision === 'float64' ? 1e-12 : 1e-6;
          if (!(t >= Math.min(...seen) - slack && t <= Math.max(...seen) + slack)) {
            throw new Error(`t = ${t} left the hull of ${seen.join(', ')}`);
          }
        }
      },
    );
    await assertNamed('curricularface', property, parameters);
  },
};

/** Evaluation looks and does not touch. */
export const evaluationMovesNothing: Law = problemLaw(
  'evaluation moves no state and repeats exactly',
  async ({ backend, loss, input }) => {
    const trained = await stepOnce(backend, loss, input);
    const moved = trained.state.values.step! - (input.state?.values.step ?? 0);
    if (moved !== 1) throw new Error(`a training step moved the state's step by ${moved}`);
    const evaluate = { ...input, mode: 'eval', state: trained.state } as const;
    const first = await stepOnce(backend, loss, evaluate);
    const second = await stepOnce(backend, loss, { ...evaluate, state: first.state });
    for (const [name, value] of Object.entries(trained.state.values)) {
      if (!Object.is(first.state.values[name], value)) {
        throw new Error(`evaluation moved ${name} from ${value} to ${first.state.values[name]}`);
      }
    }
    if (JSON.stringify(first.state.classValues) !== JSON.stringify(trained.state.classValues))
      throw new Error('evaluation moved what the loss carries of classes');
    if (!Object.is(first.loss, second.loss))
      throw new Error(`evaluated twice: ${first.loss}, then ${second.loss}`);
  },
);
