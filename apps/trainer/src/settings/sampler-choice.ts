import { UsageError } from '../errors.ts';

/** Which pictures a step sees. */
export type SamplerChoice =
  | { readonly kind: 'uniform' | 'balanced' | 'curriculum' }
  /** P identities × K pictures. */
  | { readonly kind: 'pk'; readonly identities: number; readonly images: number };

/** What `--sampler` says; undefined where it says nothing that is known. */
export function parseSampler(text: string): SamplerChoice | undefined {
  if (text === 'uniform' || text === 'balanced' || text === 'curriculum') return { kind: text };
  const [, identities = 0, images = 0] = (/^pk:(\d+)x(\d+)$/.exec(text) ?? []).map(Number);
  const isBatch = identities >= 1 && images >= 1 && identities * images <= 65536;
  return isBatch ? { kind: 'pk', identities, images } : undefined;
}

/** What `--sampler` says. @throws UsageError */
export function samplerChoice(text: string): SamplerChoice {
  const choice = parseSampler(text);
  if (choice !== undefined) return choice;
  throw new UsageError(
    `--sampler ${text}`,
    'uniform, balanced, curriculum, or pk:PxK of P identities and K pictures of each',
    'say it such as pk:16x4.',
  );
}
