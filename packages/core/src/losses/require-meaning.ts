import { requireChoice, requirePositive, requireRange } from '../errors/check-options.ts';
import { OptionOutOfRangeError } from '../errors/errors.ts';
import { classValuesOf } from '../head/phases/class-values.ts';
import type { SampleValues, TargetMargin, TargetPoint } from '../margin/target-margin.ts';
import type { Modulation } from '../modulation/modulation.ts';
import { batchOps, scalarsOf } from '../readings/batch.ts';
import { numberOps } from '../readings/number.ts';
import type { Mode } from '../weighting/sample-weighting.ts';
import type { MarginLoss } from './margin-loss.ts';

/** What formulas are given beside sample values, and what every state has. */
const RESERVED = ['cos', 'sin', 'norm', 'pivot', 'step'];

/**
 * Throws where the parts of a loss have no meaning together:
 *
 * - `norm-scaled` with a scale: ‖x‖ stands in its place;
 * - a bias with a softmax and another geometry than `inner`, or one that all classes share with a softmax;
 * - a binary objective, or a survey, with another geometry than `cosine`; a binary objective whose target needs sums over the
 *   negatives;
 * - `inner` with a margin or modulation of cosines or angles, or with anything that follows ‖x‖ (there is no gradient
 *   along it);
 * - a state, also that of a class, or sample values that are not those that `prepare` gives, or that a formula reads and nobody gives.
 *
 * The formulas are read once, on two samples.
 *
 * @throws OptionOutOfRangeError
 */
export function requireMeaning(loss: MarginLoss, margin: TargetMargin, modulation: Modulation): void {
  const { geometry, scale } = loss;
  requireChoice('geometry', geometry, ['inner', 'norm-scaled', 'cosine']);
  requirePositive('scale', scale);
  if (geometry === 'norm-scaled' && scale !== 1) {
    const expected = 'no scale with the geometry norm-scaled, where ‖x‖ stands in its place';
    throw new OptionOutOfRangeError('scale', scale, expected, 'leave scale out, or take geometry cosine.');
  }
  requireObjective(loss);
  if (loss.surveyScale !== undefined && geometry !== 'cosine') {
    const fix = 'leave surveyScale out, or take geometry cosine.';
    throw new OptionOutOfRangeError('surveyScale', geometry, 'the geometry cosine with a survey', fix);
  }
  requireState(loss);
  requireSampleNames(loss);
  for (const mode of ['train', 'eval'] as const) requirePrepared(loss, mode);
  const read = readsOf(loss);
  if (geometry !== 'inner') return;
  if (margin.onSphere || read.has('sin')) refuseOnInner('margin', margin.name, 'no cosine and no angle');
  if (modulation.onSphere) refuseOnInner('modulation', modulation.name, 'no cosine and no angle');
  if (read.has('norm')) refuseOnInner('margin', margin.name, 'no gradient along ‖x‖');
  if (loss.regulariser !== undefined) refuseOnInner('regulariser', 'of ‖x‖', 'no gradient along ‖x‖');
}

/** A bias stands in an inner product, or beside the logits that a binary objective sees one by one. */
function requireObjective({ bias, geometry, objective, negativeSums }: MarginLoss): void {
  if (objective.kind === 'binary' && geometry !== 'cosine') {
    const expected = 'the geometry cosine with a binary objective';
    throw new OptionOutOfRangeError('geometry', geometry, expected, 'take geometry cosine.');
  }
  if (objective.kind === 'binary' && negativeSums !== undefined) {
    const fix = 'leave negativeSums out, or take a softmax.';
    const expected = 'no target that needs its negatives with a binary objective, which sees them once';
    throw new OptionOutOfRangeError('negativeSums', negativeSums.names, expected, fix);
  }
  if (bias === undefined || objective.kind === 'binary') return;
  if (geometry !== 'inner') {
    const fix = 'leave bias out, or take geometry inner.';
    throw new OptionOutOfRangeError('bias', true, `no bias with the geometry ${geometry}`, fix);
  }
  if (bias.of === 'all classes') {
    const fix = 'give each class its own: a softmax does not change with one for all.';
    throw new OptionOutOfRangeError('bias', bias.of, '"each class" with a softmax', fix);
  }
}

function refuseOnInner(part: string, value: string, why: string): never {
  const expected = `no such ${part} with the geometry inner, which has ${why}`;
  throw new OptionOutOfRangeError(part, value, expected, `take geometry cosine, or another ${part}.`);
}

function requireState({ initialValues, initialClassValues, classValues, stateRanges }: MarginLoss): void {
  requireRange('initialValues.step', initialValues.step!, 0, 0);
  for (const [of, values] of Object.entries({ initialValues, initialClassValues })) {
    for (const [name, value] of Object.entries(values)) {
      const [low, high] = stateRanges[name] ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
      requireRange(`${of}.${name}`, value, low, high);
    }
  }
  for (const name of Object.keys(initialClassValues)) {
    if (!Object.hasOwn({ ...initialValues, ...classValues }, name)) continue;
    const expected = 'a name that initialValues and classValues do not have';
    throw new OptionOutOfRangeError('initialClassValues', name, expected, 'take another name.');
  }
  const known = Object.keys({ ...initialValues, ...initialClassValues });
  requireNames('stateRanges', Object.keys(stateRanges), known);
}

function requireSampleNames({ sampleValueNames }: MarginLoss): void {
  for (const [i, name] of sampleValueNames.entries()) {
    if (!RESERVED.includes(name) && sampleValueNames.indexOf(name) === i) continue;
    const expected = `each name once, and none of ${RESERVED.join(', ')}`;
    throw new OptionOutOfRangeError('sampleValueNames', name, expected, 'take another name.');
  }
}

/** Runs `prepare` on two samples and compares what comes out with what the loss announces. */
function requirePrepared(loss: MarginLoss, mode: Mode): void {
  const draws = mode === 'train' ? loss.draws?.(0, [0, 1]) : undefined;
  const survey = loss.surveyScale !== undefined && mode === 'train';
  // Of one class: every table has that entry.
  const labels = Float64Array.of(0, 0);
  const batch = {
    cosTarget: Float64Array.of(0.5, 0.25),
    norm: Float64Array.of(1, 2),
    draws,
    classes: Float64Array.of(3),
    labels,
    ofClass: classValuesOf(loss, labels, {}),
    surveyed: survey ? { max: Float64Array.of(0.5, 0.5), sum: Float64Array.of(1, 1) } : undefined,
  };
  const prepared = loss.prepare(batchOps, batch, scalarsOf(loss.initialValues), mode);
  if (prepared.scale !== undefined && loss.geometry === 'norm-scaled') {
    const expected = 'no scale with the geometry norm-scaled, where ‖x‖ stands in its place';
    throw new OptionOutOfRangeError('prepare: scale', prepared.scale, expected, 'take geometry cosine.');
  }
  const carried = Object.keys(loss.initialValues).filter((name) => name !== 'step');
  requireSameNames('prepare: sampleValues', prepared.sampleValues, loss.sampleValueNames);
  requireSameNames('prepare: next', prepared.next, carried);
  const ofClasses = Object.keys(loss.initialClassValues);
  requireSameNames('prepare: nextOfClass', prepared.nextOfClass ?? {}, ofClasses);
}

function requireSameNames(what: string, given: object, expected: readonly string[]): void {
  const names = Object.keys(given);
  requireNames(what, names, expected);
  requireNames(`${what}, without what is announced`, expected, names);
}

function requireNames(what: string, given: readonly string[], known: readonly string[]): void {
  const strange = given.filter((name) => !known.includes(name));
  if (strange.length === 0) return;
  const fix = 'name the same values in sampleValueNames or initialValues and in what prepare returns.';
  throw new OptionOutOfRangeError(what, strange, `only names of {${known.join(', ')}}`, fix);
}

/** Which of sin θ and ‖x‖ the formula of the target reads. */
function readsOf(loss: MarginLoss): ReadonlySet<string> {
  const read = new Set<string>();
  const point = new Proxy<TargetPoint<number>>(
    { cos: 0.5, sin: Math.sqrt(0.75), norm: 1 },
    {
      get(values, name) {
        read.add(String(name));
        return values[name as keyof TargetPoint<number>];
      },
    },
  );
  const { negativeSums } = loss;
  const none = Object.fromEntries((negativeSums?.names ?? []).map((name) => [name, 0]));
  const ofSums = Object.keys(negativeSums?.sampleValues(numberOps, none) ?? {});
  const { pivot } = loss.target(numberOps, point, announced([...loss.sampleValueNames, ...ofSums]));
  const sample = announced(loss.sampleValueNames);
  loss.negative(numberOps, 0.25, pivot, sample);
  loss.emphasised?.(numberOps, 0.25, pivot, sample);
  requireSameNames(
    'negativeSums.terms',
    negativeSums?.terms(numberOps, 0.25, pivot, sample) ?? {},
    Object.keys(none),
  );
  return read;
}

/** Sample values that refuse to be read by a name that nobody gives. */
function announced(names: readonly string[]): SampleValues<number> {
  return new Proxy<SampleValues<number>>(
    {},
    {
      get(_, name) {
        if (names.includes(String(name))) return 0.5;
        const fix = 'add it to sampleValueNames, and let prepare yield it.';
        const expected = `${String(name)} too, which a formula reads`;
        throw new OptionOutOfRangeError('sampleValueNames', names, expected, fix);
      },
    },
  );
}
