import { CfError, nearestName } from '@cf/core';

/** `E_ONNX_FILE`: bytes are not an ONNX model, or a tensor in it holds something else than it declares. */
export class OnnxFileError extends CfError {
  constructor(given: string, expected: string, fix: string, cause?: unknown) {
    super('OnnxFileError', 'E_ONNX_FILE', { given, expected, fix, cause });
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
  constructor(given: string, expected: string, fix: string) {
    super('OnnxGraphError', 'E_ONNX_GRAPH', { given, expected, fix });
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

/** `E_ONNX_OPERATOR`: a gradient is asked for through an operator, or a use of one, that has no rule. */
export class UnsupportedOperatorError extends CfError {
  /** Name of the node, or of its first output where it has no name. */
  readonly node: string;
  readonly operator: string;

  constructor(node: string, operator: string, expected: string, fix: string) {
    super('UnsupportedOperatorError', 'E_ONNX_OPERATOR', {
      given: `node '${node}' (${operator})`,
      expected,
      fix,
    });
    this.node = node;
    this.operator = operator;
  }
}
