import { OptionOutOfRangeError } from '../errors/errors.ts';
import type { MarginLoss } from './margin-loss.ts';

/**
 * Throws unless this is a loss, and not its name or the function that makes it.
 *
 * @throws OptionOutOfRangeError
 */
export function requireLoss(loss: unknown): asserts loss is MarginLoss {
  const found = loss as Partial<MarginLoss> | null | undefined;
  if (
    typeof found === 'object' &&
    found !== null &&
    FUNCTIONS.every((name) => typeof found[name] === 'function')
  )
    return;
  const given = typeof loss === 'function' ? `the function ${loss.name || 'without a name'}` : loss;
  const fix =
    typeof loss === 'string'
      ? `make it of its name: createLoss('${loss}').`
      : typeof loss === 'function'
        ? 'call it: what it gives is the loss.'
        : 'make one: curricularFace(), createLoss(name), or marginLoss(…) for one of your own.';
  throw new OptionOutOfRangeError('loss', given, 'a loss', fix);
}

const FUNCTIONS = ['prepare', 'target', 'negative'] as const;
