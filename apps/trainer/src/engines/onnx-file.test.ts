import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { declaredShape, declaredType, decodeModel, encodeModel, withInputShape } from '@cf/onnx';
import { beforeAll, describe, expect, it } from 'vitest';
import { onnxBackbone } from '../features/onnx-backbone.ts';
import { smallOnnx, withNodesInFront } from '../testing/onnx-files.ts';
import { failureOf, temporaryFolder } from '../testing.ts';
import { type FileSettings, type PreparedFile, prepareFile } from './onnx-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

async function prepared(bytes: Uint8Array, settings: FileSettings = {}): Promise<PreparedFile> {
  const file = join(folder, 'model.onnx');
  await writeFile(file, bytes);
  return prepareFile(file, settings);
}

const refusal = (bytes: Uint8Array, settings?: FileSettings): Promise<Error> =>
  failureOf(() => prepared(bytes, settings));

const inputOf = ({ model }: PreparedFile) => {
  const info = model.graph!.input[0]!;
  return [declaredType(info), declaredShape(info)];
};

/** The small network for pictures of a shape that its input declares. */
const shaped = (shape: Parameters<typeof withInputShape>[2]): Uint8Array =>
  encodeModel(withInputShape(decodeModel(smallOnnx()), 'data', shape));

describe('the size of pictures', () => {
  it('is said where the file leaves it open, and goes into the model', async () => {
    const open = shaped(['N', 3, 'H', 'W']);
    expect((await refusal(open)).message).toMatch(
      /\[N, 3, H, W\].*of a known size\.\nFix: .*--input-size 112/,
    );
    const square = await prepared(open, { inputSize: '8' });
    expect(inputOf(square)).toEqual(['float32', ['N', 3, 8, 8]]);
    expect(square.notes).toEqual(['pictures, of any size in the file, are 8×8']);
    expect(inputOf(await prepared(open, { inputSize: '16x4' }))).toEqual(['float32', ['N', 3, 16, 4]]);
    expect(square.fingerprint).not.toBe((await prepared(open, { inputSize: '16x4' })).fingerprint);
  });

  it('is that of the file, where it has one', async () => {
    expect(inputOf(await prepared(smallOnnx(), { inputSize: '8' }))).toEqual(['float32', ['N', 3, 8, 8]]);
    const other = await refusal(smallOnnx(), { inputSize: '16' });
    expect(other.message).toMatch(/with --input-size 16x16, expected the size that the file says/);
    const half = await refusal(shaped(['N', 3, 'H', 8]), { inputSize: '8x6' });
    expect(half.message).toMatch(/expected width 8, as the file says/);
  });

  it.each(['', '0', '8x', 'x8', '8x8x8', '-8', '1.5'])('is not %j', async (inputSize) => {
    expect(await refusal(smallOnnx(), { inputSize })).toMatchObject({ code: 'E_USAGE' });
  });
});

describe('the numbers of pictures', () => {
  const cast = (to: number, type: 'uint8' | 'float64'): Uint8Array =>
    withNodesInFront(
      smallOnnx(),
      ['N', 3, 8, 8],
      (builder, input) => builder.op('Cast', [input], { to: { int: to } }),
      type,
    );

  it('may be integers that become float32', async () => {
    const file = await prepared(cast(1, 'uint8'));
    expect(inputOf(file)).toEqual(['float32', ['N', 3, 8, 8]]);
    expect(file.notes).toEqual(['its input of uint8 takes float32']);
    const backbone = await onnxBackbone(join(folder, 'model.onnx'));
    const image = {
      width: 8,
      height: 8,
      channels: 3 as const,
      data: Uint8Array.from({ length: 192 }, (_, i) => i),
    };
    const own = join(folder, 'own.onnx');
    await writeFile(own, smallOnnx());
    const plain = await onnxBackbone(own);
    expect(await backbone.extract([image])).toEqual(await plain.extract([image]));
    await Promise.all([backbone.dispose(), plain.dispose()]);
  });

  it('are refused otherwise', async () => {
    for (const [to, type] of [
      [10, 'uint8'],
      [1, 'float64'],
    ] as const)
      expect((await refusal(cast(to, type))).message).toMatch(
        /with input 'pixels' of .*, expected pixels of float32/,
      );
  });
});

it('what does not take pictures and says nothing of them is told both at once', async () => {
  const { message } = await refusal(smallOnnx({ channels: 1, normalised: false }));
  expect(message).toMatch(
    /refused for 2 reasons, expected none of these:\n- the file with input 'data'.*\n- the file, which does not normalise/,
  );
  expect(message).not.toMatch(/Fix[\s\S]*Fix/);
});

it('pictures have four axes, and nothing is needed beside them', async () => {
  expect((await refusal(shaped(['N', 3, 64]))).message).toMatch(
    /\[N, 3, 64\], expected pictures \[N, 3, height, width\]\.\nFix: train/,
  );
  const two = withNodesInFront(smallOnnx(), ['N', 3, 8, 8], (builder, input) =>
    builder.op('Add', [input, builder.input('other', 'float32', ['N', 3, 8, 8])]),
  );
  const { message } = await refusal(two, { inputName: 'pixels' });
  expect(message).toMatch(/whose output needs input 'other' beside 'pixels'/);
});

it('a network that gives 0 for every picture is refused', async () => {
  const file = join(folder, 'dead.onnx');
  const model = decodeModel(smallOnnx());
  for (const tensor of model.graph!.initializer) if (tensor.name === 'fc.weight') tensor.rawData.fill(0);
  await writeFile(file, encodeModel(model));
  expect((await failureOf(() => onnxBackbone(file))).message).toMatch(/gives 0 for every picture/);
});
