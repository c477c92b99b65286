import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { encodeModel } from '../model/codec.ts';
import { graphOf, type Model } from '../model/model.ts';
import { declaredShape } from '../model/value-info.ts';

/** Python with ONNX's own checker (Debian's python3-onnx), if it is here. */
export const CHECKER_PYTHON: string | undefined = ['/usr/bin/python3', 'python3'].find(
  (python) => spawnSync(python, ['-c', 'import onnx']).status === 0,
);

const pending: Map<string, Uint8Array> = new Map();

/**
 * Keeps a model for `runChecker`: starting Python once for all is what makes it quick. The checker wants the rank
 * of every input and output declared, so models where one is not known are left out.
 */
export function checkModel(model: Model): void {
  const { input, output } = graphOf(model);
  const isDeclared = [...input, ...output].every((info) => declaredShape(info) !== undefined);
  if (CHECKER_PYTHON === undefined || !isDeclared) return;
  const bytes = encodeModel(model);
  pending.set(createHash('sha256').update(bytes).digest('hex'), bytes);
}

const SCRIPT = `
import sys, struct, onnx
data = sys.stdin.buffer.read()
at = count = 0
while at < len(data):
    size, = struct.unpack_from('<I', data, at)
    model = onnx.load_model_from_string(data[at + 4:at + 4 + size])
    at += 4 + size
    if model.opset_import[0].version > onnx.defs.onnx_opset_version():
        continue
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        print(str(error)[:500], [n.op_type for n in model.graph.node][:3], file=sys.stderr)
        sys.exit(1)
    count += 1
print(count)
`;

/** Runs the checker with shape inference over the models kept so far; returns how many it accepted. */
export function runChecker(): number {
  const chunks = [...pending.values()].flatMap((bytes) => {
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, bytes.length, true);
    return [size, bytes];
  });
  const result = spawnSync(CHECKER_PYTHON!, ['-c', SCRIPT], { input: Buffer.concat(chunks) });
  if (result.status !== 0) throw new Error(result.stderr.toString());
  return Number(result.stdout.toString());
}
