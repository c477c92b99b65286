import { declaredShape, declaredType, type Model, withFloatInput, withInputShape } from '@cf/onnx';
import { BackboneError } from '../errors.ts';
import { askedSize, type PixelForm, type PixelSettings } from './pixel-form.ts';

/** The network of a file, from its input on. */
export interface Described {
  readonly model: Model;
  readonly input: string;
}

/** How an input has the channels of pictures: as asked for, else as its shape says. */
export function pictureLayout(
  network: Described,
  asked: PixelForm['layout'] | undefined,
): PixelForm['layout'] {
  const [, second, , last] = shapeOf(network) ?? [];
  return asked ?? (last === 3 && second !== 3 ? 'nhwc' : 'nchw');
}

/**
 * A network of pictures of a known size: its file's, or the one that is asked for where the file leaves it open.
 *
 * @throws BackboneError if its input takes no pictures, or of no size, or of another one than is asked for
 * @throws UsageError for a size that is none
 */
export function withPictureSize(
  file: string,
  network: Described,
  settings: PixelSettings,
): { readonly model: Model; readonly notes: readonly string[] } {
  const { model, input } = network;
  const { inputLayout: layout = 'nchw' } = settings;
  const asked = askedSize(settings);
  const info = model.graph!.input.find(({ name }) => name === input)!;
  const shape = shapeOf(network);
  const others = inputsOf(model).filter((name) => name !== input);
  if (others.length > 0)
    throw new BackboneError(
      `'${file}', whose output needs input '${others.join("', '")}' beside '${input}'`,
      'a network of pictures alone',
      'export it with the other values as constants, or name an output that does without.',
    );
  const given = `'${file}' with input '${input}' of shape ${shape === undefined ? 'unknown' : `[${shape.map((dim) => dim ?? '?').join(', ')}]`}`;
  const wanted = layout === 'nchw' ? '[N, 3, height, width]' : '[N, height, width, 3]';
  const type = declaredType(info);
  const isOfIntegers = type !== undefined && !type.startsWith('float');
  const floats = isOfIntegers ? withFloatInput(network.model, input) : undefined;
  if (floats !== undefined) {
    const sized = withPictureSize(file, { model: floats, input }, settings);
    return { ...sized, notes: [`its input of ${type} takes float32`, ...sized.notes] };
  }
  // Halves are float32 once the file is made ready.
  if (!['float32', 'float16', 'bfloat16'].includes(type ?? ''))
    throw new BackboneError(
      `'${file}' with input '${input}' of ${type ?? 'no type'}`,
      'pixels of float32',
      'export it with an input of float32.',
    );
  const isOfPictures = shape === undefined || shape.length === 4;
  const [channels, height, width] =
    layout === 'nchw' ? [shape?.[1], shape?.[2], shape?.[3]] : [shape?.[3], shape?.[1], shape?.[2]];
  if (!isOfPictures || (typeof channels === 'number' && channels !== 3))
    throw new BackboneError(
      given,
      `pictures ${wanted}`,
      'train a network of pictures in three channels; where it has them in another place, say --input-layout.',
    );
  const sides = { height, width };
  if (typeof height === 'number' && typeof width === 'number') {
    if (asked === undefined || (asked.height === height && asked.width === width))
      return { model, notes: [] };
    throw new BackboneError(
      `${given}, with --input-size ${asked.height}x${asked.width}`,
      'the size that the file says',
      'leave --input-size out.',
    );
  }
  if (asked === undefined)
    throw new BackboneError(given, `pictures ${wanted} of a known size`, 'say it: --input-size 112.');
  for (const side of ['height', 'width'] as const) {
    if (typeof sides[side] !== 'number' || sides[side] === asked[side]) continue;
    throw new BackboneError(
      `${given}, with --input-size ${asked.height}x${asked.width}`,
      `${side} ${sides[side]}, as the file says`,
      'say that one.',
    );
  }
  const batch = shape?.[0] ?? 'N';
  const { height: high, width: wide } = asked;
  const full = layout === 'nchw' ? [batch, 3, high, wide] : [batch, high, wide, 3];
  return {
    model: withInputShape(model, input, full),
    notes: [`pictures, of any size in the file, are ${high}×${wide}`],
  };
}

/** Inputs that have no value in the file. */
export function inputsOf({ graph }: Model): readonly string[] {
  const held = new Set(graph!.initializer.map(({ name }) => name));
  return graph!.input.map(({ name }) => name).filter((name) => !held.has(name));
}

function shapeOf({ model, input }: Described): ReturnType<typeof declaredShape> {
  const info = model.graph!.input.find(({ name }) => name === input);
  return info && declaredShape(info);
}
