import { type TargetOutput, targetSource, targetValueNames } from '../kernels/formula-source.ts';
import { COLUMN } from '../kernels/kernel-source.ts';
import {
  type KernelArgument,
  type KernelVector,
  type LossPieceFactory,
  openPiece,
  sampleValueLines,
  sampleValuesParameter,
} from './piece-kernel.ts';

/** cos θ_y, sin θ_y and ‖x‖ of each sample: [B] each; where its target reads sample values, also those: [B, targetValueNames(loss).length]. */
export type MarginArguments = [
  cos: KernelArgument,
  sin: KernelArgument,
  norm: KernelArgument,
  ...sampleValues: KernelArgument[],
];

type TargetFactory = LossPieceFactory<{ readonly batch: number }, MarginArguments, KernelVector>;

/** (cos θ_y, sin θ_y, ‖x‖[, sampleValues]) → the target logit T(cos θ_y) before scaling: [B]. */
export const createMarginKernel: TargetFactory = /* @__PURE__ */ targetFactory('value');

/** (cos θ_y, sin θ_y, ‖x‖[, sampleValues]) → ∂T/∂cos θ_y: [B]. */
export const createMarginSlopeKernel: TargetFactory = /* @__PURE__ */ targetFactory('dCos');

/** (cos θ_y, sin θ_y, ‖x‖[, sampleValues]) → what a hard negative's cosine exceeds, such as cos(θ_y + m): [B]. */
export const createPivotKernel: TargetFactory = /* @__PURE__ */ targetFactory('pivot');

function targetFactory(wanted: TargetOutput): TargetFactory {
  return (gpu, loss, sizes, options) => {
    const { sampleValues, lines, outputs } = targetSource(loss, wanted);
    const piece = {
      name: `margin ${wanted}`,
      parameters: ['cosines', 'sines', 'norms', ...sampleValuesParameter(targetValueNames(loss))],
      body: [
        `const cos = cosines[${COLUMN}];`,
        `const sin = sines[${COLUMN}];`,
        `const norm = norms[${COLUMN}];`,
        ...sampleValueLines(sampleValues),
        ...lines,
        `return ${outputs[wanted]};`,
      ],
      output: () => [sizes.batch],
    };
    return openPiece(gpu, piece, sizes, options);
  };
}
