import { CfError, nearestName } from '@cf/core';

/** `E_ONNX_FILE`: bytes are not an ONNX model, or a tensor in it holds something else than it declares. */
export class OnnxFileError extends CfError {
  constructor(given: string, expected: string, fix: string, cause?: unknown) {
    super('OnnxFileError', 'E_ONNX_FILE', { given, expected, fix, cause });
  }
}

/** `E_WRONG_RESULTS`: a provider computes, but other numbers than it should. */
export class WrongResultsError extends CfError {
  constructor(given: string, expected: string, fix: string) {
    super('WrongResultsError', 'E_WRONG_RESULTS', { given, expected, fix });
  }
}

/** `E_ONNX_OPSET`: the model asks for a version of the standard operators that is not supported. */
export class OnnxOpsetError extends CfError {
  /** The version asked for; `undefined` if the model names none. */
  readonly opset: number | undefined;

  constructor(opset: number | undefined, expected: string, fix: string) {
    const given = opset === undefined ? 'a model without a standard opset' : `opset ${opset}`;
    super('OnnxOpsetError', 'E_ONNX_OPSET', { given, expected, fix });
    this.opset = opset;
  }
}

/** `E_ONNX_GRAPH`: a graph is not well formed, or does not have the value that was asked for. */
export class OnnxGraphError extends CfError {
  constructor(given: string, expected: string, fix: string, cause?: unknown) {
    super('OnnxGraphError', 'E_ONNX_GRAPH', { given, expected, fix, cause });
  }
}

/**
 * The error of a name that is not there, which suggests the nearest one that is.
 *
 * @param fix what to do where no name is near
 */
export function unknownName(
  given: string,
  expected: string,
  { name, names, fix }: { readonly name: string; readonly names: readonly string[]; readonly fix: string },
): OnnxGraphError {
  const near = nearestName(name, names);
  return new OnnxGraphError(given, expected, near === undefined ? fix : `did you mean '${near}'?`);
}

/** A use of an operator that stands in the way. */
export interface RefusedPlace {
  /** Name of the node, or of its first output where it has no name. */
  readonly node: string;
  readonly operator: string;
  readonly expected: string;
  readonly fix: string;
}

/** `E_ONNX_OPERATOR`: a gradient is asked for through operators, or uses of them, that have no rule. */
export class UnsupportedOperatorError extends CfError {
  /** Name of the first node, or of its first output where it has no name. */
  readonly node: string;
  readonly operator: string;
  /** All that stands in the way, in the order of the graph. */
  readonly places: readonly RefusedPlace[];

  /** @param places one or more */
  constructor(places: readonly RefusedPlace[]) {
    super('UnsupportedOperatorError', 'E_ONNX_OPERATOR', {
      given: places.map(({ node, operator }) => `node '${node}' (${operator})`).join(', '),
      expected: distinct(places.map(({ expected }) => expected)),
      fix: distinct(places.map(({ fix }) => fix.replace(/\.$/, ''))).concat('.'),
    });
    const [{ node, operator }] = places as readonly [RefusedPlace];
    this.node = node;
    this.operator = operator;
    this.places = places;
  }
}

function distinct(texts: readonly string[]): string {
  return [...new Set(texts)].join('; ');
}

/** `E_ONNX_REFUSED`: a file that several things of different kinds stand in the way of. */
export class RefusedModelError extends CfError {
  /** Each with an error of its own. */
  readonly reasons: readonly CfError[];

  constructor(reasons: readonly CfError[]) {
    super('RefusedModelError', 'E_ONNX_REFUSED', {
      given: reasons.map(({ given }, i) => `(${i + 1}) ${given}`).join('; '),
      expected: reasons.map(({ expected }, i) => `(${i + 1}) ${expected}`).join('; '),
      fix: reasons.map(({ fix }, i) => `(${i + 1}) ${fix}`).join(' '),
    });
    this.reasons = reasons;
  }
}

/** Gathers what is refused, so that a file tells all its reasons at once. */
export class Refusals {
  readonly #places: RefusedPlace[] = [];
  readonly #others: CfError[] = [];

  get places(): readonly RefusedPlace[] {
    return this.#places;
  }

  /** What is refused for other reasons than the use of an operator. */
  get others(): readonly CfError[] {
    return this.#others;
  }

  /** What `work` returns; undefined where it is refused, which is kept. */
  attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.add(error);
      return undefined;
    }
  }

  /** As `attempt`; where something is refused already, an error that is none of ours follows from that. */
  goOn<T>(work: () => T): T | undefined {
    try {
      return this.attempt(work);
    } catch (error) {
      if (this.#places.length + this.#others.length > 0) return undefined;
      throw error;
    }
  }

  /** Takes in an error. @throws the error itself where it is none of ours */
  add(error: unknown): void {
    if (error instanceof RefusedModelError) for (const reason of error.reasons) this.add(reason);
    else if (error instanceof UnsupportedOperatorError) {
      for (const place of error.places) {
        const isKnown = this.#places.some((p) => p.node === place.node && p.expected === place.expected);
        if (!isKnown) this.#places.push(place);
      }
    } else if (error instanceof CfError) {
      if (this.#others.every(({ message }) => message !== error.message)) this.#others.push(error);
    } else throw error;
  }

  /** @throws the error that was gathered; a RefusedModelError where there are several of different kinds */
  throwIfAny(): void {
    const operators = this.#places.length > 0 ? [new UnsupportedOperatorError(this.#places)] : [];
    const reasons = [...this.#others, ...operators];
    if (reasons.length > 1) throw new RefusedModelError(reasons);
    if (reasons.length === 1) throw reasons[0]!;
  }
}
