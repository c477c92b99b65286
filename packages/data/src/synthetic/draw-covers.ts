import { shade } from './colour.ts';
import { mouthY } from './draw-nose-mouth.ts';
import type { Identity } from './identity.ts';
import type { Nuisance } from './nuisance.ts';
import {
  type Attributes,
  closedCurve,
  element,
  ellipse,
  filled,
  openCurve,
  type Point,
  path,
  polygon,
  stroked,
} from './svg.ts';
import type { View } from './view.ts';

type Occlusion = NonNullable<Nuisance['occlusion']>;

/** The person's own glasses, where they are worn. */
export function drawGlasses(identity: Identity, nuisance: Nuisance, view: View): string {
  const { glasses } = identity;
  if (glasses === null || !nuisance.wearsGlasses || nuisance.occlusion?.kind === 'sunglasses') return '';
  const frame = stroked(glasses.colour, glasses.thickness);
  return lenses(
    identity,
    view,
    glasses.size,
    glasses.shape,
    { ...frame, fill: '#ffffff', 'fill-opacity': 0.12 },
    frame,
  );
}

function lenses(
  { eyes, head }: Identity,
  view: View,
  size: number,
  shape: 'round' | 'square' | 'wide',
  lens: Attributes,
  frame: Attributes,
): string {
  const tall = shape === 'round' ? size * 0.92 : shape === 'square' ? size * 0.8 : size * 0.62;
  const y = eyes.y + 1;
  const sides = [-1, 1].map((side) => {
    const x = side * eyes.spacing;
    const width = size * view.foreshortening(x);
    const [cx, cy] = view.at(x, y, 4);
    const hinge = view.at(side * (eyes.spacing + size * 0.9), y - 2, 3);
    const temple = view.outline(side * head.halfWidth * 1.02, y + 1);
    const rim =
      shape === 'round'
        ? ellipse([cx, cy], width, tall, lens)
        : element('rect', {
            x: cx - width,
            y: cy - tall,
            width: 2 * width,
            height: 2 * tall,
            rx: tall * 0.35,
            ...lens,
          });
    return rim + path(openCurve([hinge, temple]), frame);
  });
  const inner = eyes.spacing - size;
  const bridge = openCurve([view.at(-inner, y - 1, 5), view.at(0, y - 2.5, 7), view.at(inner, y - 1, 5)]);
  return sides.join('') + path(bridge, frame);
}

/** Whatever hides a part of the face in this picture. */
export function drawOcclusion(identity: Identity, nuisance: Nuisance, view: View): string {
  const { occlusion } = nuisance;
  if (occlusion === null) return '';
  switch (occlusion.kind) {
    case 'sunglasses': {
      const frame = stroked([20, 20, 24], 1.6);
      return lenses(identity, view, 13, 'wide', { ...frame, fill: '#18181c', 'fill-opacity': 0.93 }, frame);
    }
    case 'mask':
      return mask(identity, occlusion, view);
    case 'scarf':
      return scarf(identity, occlusion, view);
    case 'hand':
      return hand(identity, occlusion);
    case 'cap':
      return cap(identity, occlusion, view);
    case 'bar':
      return bar(occlusion);
  }
}

function mask(identity: Identity, { colour }: Occlusion, view: View): string {
  const { eyes, nose, head } = identity;
  const top = eyes.y + nose.length * 0.55;
  const w = head.halfWidth;
  const edge: Point[] = [
    view.at(-w * 0.86, top + 5),
    view.at(-w * 0.3, top, 4),
    view.at(0, top - 3, 8),
    view.at(w * 0.3, top, 4),
    view.at(w * 0.86, top + 5),
  ];
  const lower: Point[] = [
    view.outline(w * 0.62, head.bottom - 7),
    view.outline(0, head.bottom + 1),
    view.outline(-w * 0.62, head.bottom - 7),
  ];
  const strings = [-1, 1].map((side) =>
    path(
      openCurve([view.at(side * w * 0.86, top + 6), view.outline(side * w, eyes.y + 6)]),
      stroked([240, 240, 240], 1),
    ),
  );
  return (
    strings.join('') +
    path(closedCurve([...edge, ...lower]), filled(colour)) +
    path(
      openCurve([view.at(-w * 0.6, top + 14), view.at(0, top + 16, 5), view.at(w * 0.6, top + 14)]),
      stroked(shade(colour, -0.3), 1),
    )
  );
}

function scarf(identity: Identity, { colour }: Occlusion, view: View): string {
  const top = mouthY(identity) - 3;
  const w = identity.head.halfWidth + 6;
  const shape = closedCurve([
    view.outline(-w, top - 6),
    view.outline(0, top),
    view.outline(w, top - 6),
    view.outline(w + 4, 118),
    view.outline(-w - 4, 118),
  ]);
  const folds = [8, 17, 26].map((drop) =>
    path(
      openCurve([
        view.outline(-w, top + drop - 6),
        view.outline(0, top + drop),
        view.outline(w, top + drop - 7),
      ]),
      stroked(shade(colour, -0.35), 1.4, 0.7),
    ),
  );
  return path(shape, filled(colour)) + folds.join('');
}

function hand({ skin, eyes }: Identity, { side }: Occlusion): string {
  const sign = side < 0 ? -1 : 1;
  const x = 56 + sign * (22 + 6 * Math.abs(side));
  const y = eyes.y + 24 + 10 * side;
  const fill = {
    ...filled(shade(skin, -0.06)),
    stroke: '#000000',
    'stroke-opacity': 0.35,
    'stroke-width': 0.8,
  };
  const fingers = [0, 1, 2, 3].map((finger) =>
    ellipse([x - sign * (13 - finger), y - 9 + finger * 7.5], 15, 3.8, fill, sign * (14 - finger * 9)),
  );
  return ellipse([x + sign * 8, y + 5], 14, 18, fill) + fingers.join('');
}

function cap(identity: Identity, { colour }: Occlusion, view: View): string {
  const { head, eyes, brows } = identity;
  const w = head.halfWidth + 3;
  const rim = Math.min(head.top + 24, eyes.y - brows.lift - 3);
  const dome = closedCurve([
    view.outline(-w, rim),
    view.outline(-w * 0.8, head.top),
    view.outline(0, head.top - 9),
    view.outline(w * 0.8, head.top),
    view.outline(w, rim),
    view.at(0, rim - 3, 6),
  ]);
  const visor = closedCurve([
    view.at(-head.halfWidth * 0.88, rim - 2, 4),
    view.at(0, rim - 6, 12),
    view.at(head.halfWidth * 0.88, rim - 2, 4),
    view.at(head.halfWidth * 0.6, rim + 4, 14),
    view.at(0, rim + 6, 16),
    view.at(-head.halfWidth * 0.6, rim + 4, 14),
  ]);
  return path(dome, filled(colour)) + path(visor, filled(shade(colour, -0.4)));
}

function bar({ colour, side }: Occlusion): string {
  const x = 56 + side * 40;
  const width = 16;
  return path(
    polygon([
      [x - width, -10],
      [x, -10],
      [x + 12 + width, 122],
      [x + 12, 122],
    ]),
    filled(colour),
  );
}
