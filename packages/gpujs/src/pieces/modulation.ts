import { type NegativeOutput, negativeSource } from '../kernels/formula-source.ts';
import { COLUMN, ROW } from '../kernels/kernel-source.ts';
import {
  type KernelArgument,
  type KernelMatrix,
  type LossPieceFactory,
  openPiece,
  sampleValueLines,
  sampleValuesParameter,
} from './piece-kernel.ts';

/** B and C. */
export type PairSizes = { readonly batch: number; readonly classes: number };

/** (cos [B, C], pivots [B], labels [B]) → 1 where a negative is hard (cos θ_ij > pivot_i, j ≠ y_i), else 0: [B, C]. */
export const createHardMaskKernel: LossPieceFactory<
  PairSizes,
  [cosines: KernelArgument, pivots: KernelArgument, labels: KernelArgument],
  KernelMatrix
> = (gpu, loss, sizes, options) => {
  const { lines, outputs } = negativeSource(loss, ['hard']);
  const yes = [...lines, `if (${outputs.hard}) { result = 1; }`];
  const piece = {
    name: 'hardMask',
    parameters: ['cosines', 'pivots', 'labels'],
    body: ['let result = 0;', ...offTarget(yes), 'return result;'],
    output: ofPairs,
  };
  return openPiece(gpu, piece, sizes, options);
};

/** `targets` stand at each sample's own class: [B]. Where a loss has sample values, also those: [B, loss.sampleValueNames.length]. */
export type ModulationArguments = [
  cosines: KernelArgument,
  pivots: KernelArgument,
  targets: KernelArgument,
  labels: KernelArgument,
  ...sampleValues: KernelArgument[],
];

type PairFactory = LossPieceFactory<PairSizes, ModulationArguments, KernelMatrix>;

/** (cos [B, C], pivots [B], T [B], labels [B][, sampleValues]) → N(cos θ_ij), and T at the own class: [B, C]. */
export const createModulationKernel: PairFactory = /* @__PURE__ */ pairFactory('value');

/** (cos [B, C], pivots [B], ∂T/∂cos [B], labels [B][, sampleValues]) → ∂N/∂cos θ_ij, and ∂T/∂cos θ_y at the own class: [B, C]. */
export const createModulationSlopeKernel: PairFactory = /* @__PURE__ */ pairFactory('dCos');

function pairFactory(wanted: NegativeOutput): PairFactory {
  return (gpu, loss, sizes, options) => {
    const { sampleValues, lines, outputs } = negativeSource(loss, [wanted]);
    const formula = [...sampleValueLines(sampleValues, ROW), ...lines, `result = ${outputs[wanted]};`];
    const piece = {
      name: `modulation ${wanted}`,
      parameters: ['cosines', 'pivots', 'targets', 'labels', ...sampleValuesParameter(loss.sampleValueNames)],
      body: [`let result = targets[${ROW}];`, ...offTarget(formula), 'return result;'],
      output: ofPairs,
    };
    return openPiece(gpu, piece, sizes, options);
  };
}

const ofPairs = ({ batch, classes }: PairSizes): readonly number[] => [classes, batch];

/** Lines that run for every class but the sample's own, with `cos` and `pivot` at hand. */
function offTarget(lines: readonly string[]): string[] {
  return [
    `if (${COLUMN} !== labels[${ROW}]) {`,
    `const cos = cosines[${ROW}][${COLUMN}];`,
    `const pivot = pivots[${ROW}];`,
    ...lines,
    '}',
  ];
}
