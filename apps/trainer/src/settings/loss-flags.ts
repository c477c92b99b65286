import { type LossParameters, lossOptions, reasonOf, requireChoice } from '@cf/core';
import { UsageError } from '../errors.ts';
import { DEFAULT_SCALE, type LossFlags, WEIGHTINGS } from './fields.ts';

/**
 * Name and parameters for createLoss.
 *
 * @param defaults taken where neither a flag nor a preset says it and the loss knows the option; else the loss's own
 * @throws UsageError for a malformed `name=value` or an option given twice, UnknownNameError for an unknown loss,
 * OptionOutOfRangeError for an unknown weighting
 */
export function lossFromFlags(
  flags: LossFlags,
  defaults: { readonly [Name in 'scale' | 'margin']?: number | undefined } = { scale: DEFAULT_SCALE },
): { readonly name: string; readonly params: LossParameters } {
  const { loss } = flags;
  const known = lossOptions(loss);
  const params: Record<string, unknown> = assignments('--loss-option', flags.lossOption ?? []);
  const preset = params.preset !== undefined;
  for (const name of ['scale', 'margin'] as const) {
    if (flags[name] !== undefined) give(params, name, flags[name], `--${name} ${flags[name]}`);
    else if (known.includes(name) && params[name] === undefined && defaults[name] !== undefined && !preset)
      params[name] = defaults[name];
  }
  const { labelSmoothing } = flags;
  if (labelSmoothing !== undefined)
    give(params, 'labelSmoothing', labelSmoothing, `--label-smoothing ${labelSmoothing}`);
  if (flags.alpha !== undefined) give(params, 'alpha', parseValue(flags.alpha), `--alpha ${flags.alpha}`);
  if (flags.weighting === undefined) return { name: loss, params };
  requireChoice('weighting', flags.weighting, WEIGHTINGS);
  const own = assignments('--weighting-option', flags.weightingOption ?? []);
  return { name: flags.weighting, params: { ...own, base: { loss, params } } };
}

function assignments(flag: string, texts: readonly string[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`${flag} ${text}`, 'name=value', `write it as ${flag} t=1.2.`);
    try {
      give(out, text.slice(0, at), parseValue(text.slice(at + 1)), `${flag} ${text}`);
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new UsageError(
        `${flag} ${text} (${reasonOf(cause)})`,
        'a list or an object as JSON',
        `write it as ${flag} margin=[0.3,0.5].`,
      );
    }
  }
  return out;
}

/** @throws UsageError where the name is given already */
function give(params: Record<string, unknown>, name: string, value: unknown, flag: string): void {
  if (Object.hasOwn(params, name)) {
    throw new UsageError(
      `${flag}, where ${name} = ${params[name]} is given already`,
      'every option once',
      'leave one of the two out.',
    );
  }
  params[name] = value;
}

/** A number, a truth value, a list or an object as JSON; else the text. @throws SyntaxError */
export function parseValue(text: string): unknown {
  if (/^[[{]/.test(text)) return JSON.parse(text);
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text.trim() !== '' && !Number.isNaN(number) ? number : text;
}
