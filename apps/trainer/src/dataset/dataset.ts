import type { ImageSource } from './image-source.ts';
import type { VerificationPairs } from './verification-pairs.ts';

/** Pictures, some with identities to train on, some in pairs to score. */
export interface Dataset {
  readonly images: ImageSource;
  /** Label of each picture, −1 for those that only pairs use: [N]. */
  readonly labels: Int32Array;
  /** Identity names in the order of their labels. */
  readonly names: readonly string[];
  /** How hard each picture is to learn, where a list says so; NaN for those of which it does not: [N]. */
  readonly difficulties?: Float32Array;
  /** How much each picture counts, where a list says so; 1 for those of which it does not: [N]. */
  readonly weights?: Float32Array;
  /** Of the pictures whose label was exchanged on purpose: who they are of. */
  readonly trueIdentities: ReadonlyMap<number, string>;
  /** Factor of each identity's losses: [names]. Default 1 each. */
  readonly classWeights?: Float64Array;
  readonly verification: VerificationPairs;
  /** Where the pairs come from, in words. */
  readonly pairsFrom: string;
}
