import { sizeOf } from '../../../model/dims.ts';
import type { GradientGraph } from '../../context.ts';
import { type Convolution, convolutionOf, windowAttributes } from '../../convolution/convolution.ts';
import { convolutionInputGradient } from '../../convolution/input-gradient.ts';
import { ints } from '../../int-vector.ts';
import type { RuleCall } from '../../rule.ts';

/** Windows over every channel alone. */
export class PlaneWindows {
  readonly #graph: GradientGraph;
  readonly #window: Convolution;
  readonly #x: string;
  readonly #y: string;
  readonly #kernelOfOnes: string;

  constructor(call: RuleCall) {
    const { graph, x, y } = call;
    this.#graph = graph;
    this.#window = { ...convolutionOf(call), group: 1 };
    this.#x = x;
    this.#y = y;
    this.#kernelOfOnes = graph.ones([1, 1, ...this.#window.kernel], x);
  }

  /** Elements under a window, padding among them. */
  get size(): number {
    return sizeOf(this.#window.kernel);
  }

  get isPadded(): boolean {
    return [...this.#window.padsBegin, ...this.#window.padsEnd].some((pad) => pad > 0);
  }

  /** Gives every element the sum of what the windows over it have: [N, C, …output] to the shape of the input. */
  spread(value: string): string {
    const alone = this.#planes(this.#x);
    const planes = this.#planes(value);
    const sum = convolutionInputGradient(this.#graph, this.#window, planes, this.#kernelOfOnes, alone);
    return this.#graph.reshapeLike(sum, this.#x);
  }

  /** One plane of ones, [1, 1, …input]. */
  onesPlane(): string {
    const [graph, rank] = [this.#graph, this.#window.kernel.length];
    const plane = graph.concatIntegers(ints(1, 1), graph.spatialDims(this.#x, rank));
    return graph.op('Expand', [graph.scalar(1, this.#x), graph.integers(plane)]);
  }

  /** How many elements under each window are no padding, at least 1: [1, 1, …output]. */
  counts(): string {
    const [graph, { kernel, strides, dilations, padsBegin, padsEnd }] = [this.#graph, this.#window];
    const zeros = ints(...kernel.map(() => 0));
    const steps = graph.combine(
      'Sub',
      graph.spatialDims(this.#y, kernel.length),
      ints(...kernel.map(() => 1)),
    );
    const extent = ints(...kernel.map((size, axis) => dilations[axis]! * (size - 1) + 1));
    const reach = graph.combine('Add', graph.combine('Mul', steps, ints(...strides)), extent);
    const sizes = graph.spatialDims(this.#x, kernel.length);
    const begun = graph.combine('Add', sizes, ints(...padsBegin));
    // With ceil_mode the last window reaches beyond the padding.
    const end = graph.combine('Max', graph.combine('Sub', reach, begun), ints(...padsEnd));
    const pads = graph.concatIntegers(ints(0, 0, ...padsBegin, 0, 0), graph.combine('Max', end, zeros));
    const padded = graph.op('Pad', [this.onesPlane(), graph.integers(pads)]);
    const counts = graph.op('Conv', [padded, this.#kernelOfOnes], windowAttributes(this.#window));
    return graph.op('Max', [counts, graph.scalar(1, this.#x)]);
  }

  #planes(value: string): string {
    const spatial = this.#graph.spatialDims(value, this.#window.kernel.length);
    return this.#graph.reshape(value, this.#graph.concatIntegers(ints(-1, 1), spatial));
  }
}
