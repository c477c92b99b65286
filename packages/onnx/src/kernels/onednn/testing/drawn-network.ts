import fc from 'fast-check';
import type { Differentiated } from './compare.ts';
import { Drawing } from './drawing.ts';
import { type Draw, FLAT, SPATIAL } from './drawn-layers.ts';

const draw = fc.record({
  kind: fc.nat(99),
  from: fc.nat(7),
  other: fc.nat(7),
  size: fc.nat(99),
  way: fc.nat(99),
});

/** A network before it is drawn. */
export interface Start {
  readonly batch: number;
  readonly channels: number;
  readonly sides: readonly number[];
  readonly steps: readonly Draw[];
  /** Which weights get no gradient. */
  readonly frozen: number;
}

export const start: fc.Arbitrary<Start> = fc.record({
  batch: fc.constantFrom(1, 2, 3),
  channels: fc.constantFrom(1, 3, 7, 16),
  sides: fc.constantFrom<readonly number[]>(
    [7],
    [1],
    [41],
    [7, 5],
    [1, 1],
    [9, 8],
    [4, 3, 5],
    [48, 40],
    [1500],
  ),
  steps: fc.array(draw, { minLength: 2, maxLength: 9 }),
  frozen: fc.nat(9),
});

/** A network, and what it is made of in words. */
export interface DrawnNetwork {
  readonly given: Differentiated;
  readonly told: string;
}

/** Draws a network: layers at random, each of which reads what any before it gave. */
export function drawn({ batch, channels, sides, steps, frozen }: Start): DrawnNetwork {
  const drawing = new Drawing();
  drawing.values.push(drawing.input('x', [batch, channels, ...sides]));
  addLayer(drawing, { kind: 0, from: 0, other: 0, size: 1 + frozen, way: 1 });
  for (const step of steps) addLayer(drawing, step);
  drawing.finish();
  const names = Object.keys(drawing.inputs);
  // Some weights get no gradient.
  const wrt = names.filter((name, i) => name !== 'x' && (names.length < 4 || i % 5 !== frozen));
  return {
    given: {
      model: drawing.builder.build(),
      of: 'result',
      wrt: wrt.length === 0 ? ['x'] : wrt,
      inputs: drawing.inputs,
    },
    told: `${Object.entries(drawing.inputs)
      .map(([name, { dims }]) => `${name} [${dims}]`)
      .join(', ')}\nwrt ${wrt}\n${drawing.told.join('\n')}`,
  };
}

/** A layer on a value that is there. */
function addLayer(drawing: Drawing, how: Draw): void {
  const { values } = drawing;
  const x = values.at(-1 - (how.from % values.length))!;
  const layers = x.dims.length > 2 ? SPATIAL : FLAT;
  const made = layers[how.kind % layers.length]!(drawing, x, how);
  if (made !== undefined) values.push(...[made].flat());
}
