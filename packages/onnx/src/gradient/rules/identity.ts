import type { Rule } from '../rule.ts';

/** ∂x = ∂y. */
export const identity: Rule = { operator: 'Identity', gradient: ({ dy }) => [() => dy] };
