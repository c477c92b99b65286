import type { MarginLoss } from '../../losses/margin-loss.ts';
import { normFace } from '../../losses/norm-face.ts';

/** What a survey takes the log-sum-exp of: the cosines of the negatives as they are, at a scale of the moment. */
export const surveyLoss: MarginLoss = /* @__PURE__ */ normFace({ scale: 1 });
