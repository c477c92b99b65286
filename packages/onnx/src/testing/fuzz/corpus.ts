import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import { decodeModel, encodeModel } from '../../model/codec.ts';
import { splitExternalData } from '../../model/external-data.ts';
import { fromFloat32 } from '../../passes/half-precision/from-float32.ts';
import type { HalfType } from '../../passes/half-precision/half-tensors.ts';
import { randomTensor } from '../random-tensor.ts';

/** Larger files make slow mutants and find nothing more. */
const LARGEST_BYTES = 200_000;

function convolutional(opset: number): Uint8Array {
  const b = new GraphBuilder({ opset });
  b.input('data', 'float32', ['N', 3, 8, 8]);
  b.initializer('w', randomTensor('float32', [4, 3, 3, 3], 1));
  for (const name of ['scale', 'shift', 'mean', 'variance']) {
    b.initializer(
      name,
      randomTensor('float32', [4], 2, (u) => 1 + u),
    );
  }
  b.initializer('slope', randomTensor('float32', [4, 1, 1], 3));
  b.initializer('fc', randomTensor('float32', [64, 5], 4));
  const conv = b.op('Conv', ['data', 'w'], { pads: { ints: [1, 1, 1, 1] }, kernel_shape: { ints: [3, 3] } });
  const norm = b.op('BatchNormalization', [conv, 'scale', 'shift', 'mean', 'variance']);
  const active = b.op('PRelu', [norm, 'slope']);
  const pooled = b.op('MaxPool', [active], { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } });
  const flat = b.op('Flatten', [pooled], { axis: { int: 1 } });
  b.output(b.op('MatMul', [flat, 'fc']), 'float32', ['N', 5]);
  return encodeModel(b.build());
}

function shaped(): Uint8Array {
  const b = new GraphBuilder();
  b.input('data', 'float32', ['N', 6, 4]);
  const ints = (name: string, ...values: readonly bigint[]): string => {
    b.initializer(name, { type: 'int64', dims: [values.length], data: BigInt64Array.from(values) });
    return name;
  };
  b.initializer('w', randomTensor('float32', [4, 4], 5));
  const product = b.op('MatMul', ['data', 'w']);
  const sliced = b.op('Slice', [product, ints('from', 1n), ints('to', 5n), ints('axis', 1n)]);
  const moved = b.op('Transpose', [sliced], { perm: { ints: [0, 2, 1] } });
  const soft = b.op('Softmax', [moved], { axis: { int: -1 } });
  const first = b.op('Gather', [b.op('Shape', [soft]), ints('zero', 0n)], { axis: { int: 0 } });
  const shape = b.op('Concat', [first, ints('rest', 16n)], { axis: { int: 0 } });
  b.output(b.op('Reshape', [soft, shape]), 'float32', ['N', 16]);
  return encodeModel(b.build());
}

/** References to files beside it, in initializers and a Constant. */
function external(): Uint8Array {
  const { model } = splitExternalData(decodeModel(shaped()), { location: 'weights.bin', threshold: 16 });
  return encodeModel(model);
}

/** Weights and values of half the bits, with casts. */
function half(type: HalfType): Uint8Array {
  return encodeModel(fromFloat32(decodeModel(convolutional(17)), type).model);
}

/** Files that mutants are made of: small models, and those beside the repository where there are any. */
export function corpus(): readonly Uint8Array[] {
  const shared = fileURLToPath(new URL('../../../../../../shared/', import.meta.url));
  const files = ['onnx', 'cases']
    .map((folder) => `${shared}${folder}`)
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => `${folder}/${name}`))
    .filter((path) => path.endsWith('.onnx') && statSync(path).size < LARGEST_BYTES)
    .sort();
  return [
    convolutional(17),
    convolutional(11),
    convolutional(21),
    shaped(),
    external(),
    half('float16'),
    half('bfloat16'),
    ...files.map((path) => new Uint8Array(readFileSync(path))),
  ];
}
