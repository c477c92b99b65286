import { ofFirst, type Rule } from '../../rule.ts';

/** y = x. */
export const identity: Rule = ofFirst(({ dy }) => dy);
