import { attributeOf } from '../../../model/attributes.ts';
import type { RuleCall } from '../../rule.ts';
import type { StepGraph } from './scan.ts';

/** A function of a gate, and its slope by what it gave. */
export interface Activation {
  readonly value: (body: StepGraph, x: string) => string;
  /** @param one the number 1 */
  readonly slope: (body: StepGraph, y: string, one: string) => string;
}

const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map([
  [
    'sigmoid',
    {
      value: (body, x) => body.op('Sigmoid', [x]),
      slope: (body, y, one) => body.op('Mul', [y, body.op('Sub', [one, y])]),
    },
  ],
  [
    'tanh',
    {
      value: (body, x) => body.op('Tanh', [x]),
      slope: (body, y, one) => body.op('Sub', [one, body.op('Mul', [y, y])]),
    },
  ],
  ['relu', { value: (body, x) => body.op('Relu', [x]), slope: (body, y) => body.op('Sign', [y]) }],
] satisfies [string, Activation][]);

/**
 * Activations of a direction.
 *
 * @param defaults names of those of one direction
 * @throws UnsupportedOperatorError naming one without a gradient
 */
export function activationsOf(
  call: RuleCall,
  direction: number,
  defaults: readonly string[],
): readonly Activation[] {
  const given = attributeOf(call.node, 'activations')?.strings.map((bytes) =>
    new TextDecoder().decode(bytes),
  );
  const names = given?.slice(direction * defaults.length) ?? defaults;
  return defaults.map((_, i) => {
    const name = names[i] ?? '';
    const activation = ACTIVATIONS.get(name.toLowerCase());
    if (activation === undefined) throw call.refuse(`Sigmoid, Tanh or Relu instead of activation '${name}'`);
    return activation;
  });
}
