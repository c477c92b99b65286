import {
  type Attributes,
  attributeOf,
  floatAttribute,
  intAttribute,
  stringAttribute,
} from '../../model/attributes.ts';
import { createNode } from '../../model/node.ts';
import { withFields } from '../../model/with-fields.ts';
import type { Writing, WrittenOut } from './writing.ts';

/** Products with what stood around them. */
export const fusedProducts: Readonly<Record<string, WrittenOut>> = {
  /** α · A′ · B′, where ′ may exchange the last two axes. */
  FusedMatMul: (writing) => {
    const { node } = writing;
    const side = (index: 0 | 1): string => {
      const name = 'AB'[index]!;
      const flag = (start: string): boolean => intAttribute(node, `${start}${name}`, 0) !== 0;
      const value = writing.input(index);
      if (!flag('trans') && !flag('transBatch')) return value;
      const rank = writing.rank(value);
      if (rank < 2) return value;
      // The rows may stand before the stacks.
      const stacks = Array.from({ length: rank - 2 }, (_, axis) => axis + 1);
      const rows = flag('transBatch') ? writing.transpose(value, [...stacks, 0, rank - 1]) : value;
      return flag('trans') ? writing.turned(rows) : rows;
    };
    const alpha = floatAttribute(node, 'alpha', 1);
    writing.give(0, 'MatMul', [writing.scaled(side(0), alpha), side(1)]);
  },
  FusedGemm: (writing) => {
    const parameter = (name: string): number | undefined => attributeOf(writing.node, name)?.f;
    const own = writing.node.attribute.filter(({ name }) => !name.startsWith('activation'));
    const product = withAttributes(writing, 'Gemm', writing.node.input, own);
    const parameters = ['activation_alpha', 'activation_beta'].map(parameter);
    giveActivation(writing, product, parameters);
  },
  /** Act(X ∗ W + B + Z). */
  FusedConv: (writing) => {
    const own = writing.node.attribute.filter(({ name }) => !name.startsWith('activation'));
    const inputs = writing.node.input.slice(0, 3).filter((name) => name !== '');
    const convolved = withAttributes(writing, 'Conv', inputs, own);
    const sum = writing.has(3) ? writing.op('Add', [convolved, writing.input(3)]) : convolved;
    giveActivation(writing, sum, attributeOf(writing.node, 'activation_params')?.floats ?? []);
  },
};

function withAttributes(
  writing: Writing,
  operator: string,
  inputs: readonly string[],
  attribute: Writing['node']['attribute'],
): string {
  return writing.copy(withFields(createNode('', operator, inputs, ['']), { attribute }));
}

/** Parameters of an activation, by their place. */
const ACTIVATIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['Relu', []],
  ['Sigmoid', []],
  ['Tanh', []],
  ['Softplus', []],
  ['Softsign', []],
  ['LeakyRelu', ['alpha']],
  ['ThresholdedRelu', ['alpha']],
  ['Elu', ['alpha']],
  ['HardSigmoid', ['alpha', 'beta']],
]);

function giveActivation(writing: Writing, x: string, parameters: readonly (number | undefined)[]): void {
  const activation = stringAttribute(writing.node, 'activation', 'Identity') || 'Identity';
  if (activation === 'Clip') {
    const bounds = [0, 1].map((i) => parameters[i]);
    const names = bounds.map((bound) => (bound === undefined ? '' : writing.scalar(bound, x)));
    writing.give(0, 'Clip', [x, ...names]);
    return;
  }
  const names = activation === 'Identity' ? [] : ACTIVATIONS.get(activation);
  if (names === undefined) throw writing.refuse(`an activation that is known, not ${activation}`);
  const attributes: Attributes = Object.fromEntries(
    names.flatMap((name, i) => (parameters[i] === undefined ? [] : [[name, { float: parameters[i] }]])),
  );
  writing.give(0, activation, [x], attributes);
}
