import { mix } from './colour.ts';
import { mouthY } from './draw-nose-mouth.ts';
import type { Identity } from './identity.ts';
import { type Attributes, closedCurve, element, filled, type Point, path } from './svg.ts';
import type { View } from './view.ts';

/** Hair of the face, under the mouth in drawing order. */
export function drawBeard(identity: Identity, view: View): string {
  const { beard, skin } = identity;
  switch (beard.style) {
    case 'none':
      return '';
    case 'stubble':
      return fullBeard(identity, view, filled(mix(skin, beard.colour, 0.75), 0.5));
    case 'moustache':
      return moustache(identity, view);
    case 'goatee':
      return moustache(identity, view) + goatee(identity, view);
    case 'full':
      return fullBeard(identity, view, filled(beard.colour)) + moustache(identity, view);
  }
}

/** Jaw and chin up to the cheeks, cut off by the head's outline. */
function fullBeard(identity: Identity, view: View, fill: Attributes): string {
  const { head, eyes, mouth } = identity;
  const w = head.halfWidth;
  const y = mouthY(identity);
  const cheek = (side: number): Point[] => [
    view.outline(side * w * 1.1, eyes.y + 12),
    view.outline(side * w * 0.84, eyes.y + 16),
    view.at(side * w * 0.62, y - 6),
    view.at(side * mouth.halfWidth, y - 5),
  ];
  const edge = [...cheek(-1), view.at(0, y - 4, 2), ...cheek(1).reverse()];
  const below: Point[] = [view.outline(w * 1.2, head.bottom + 8), view.outline(-w * 1.2, head.bottom + 8)];
  return element('g', { 'clip-path': 'url(#head)' }, path(closedCurve([...edge, ...below]), fill));
}

function moustache(identity: Identity, view: View): string {
  const { beard, mouth, eyes, nose } = identity;
  const y = mouthY(identity);
  const noseY = eyes.y + nose.length;
  const half = mouth.halfWidth * 1.05;
  const upper = noseY + (y - noseY) * 0.42;
  const outline = closedCurve([
    view.at(-half, y + 1, 3),
    view.at(-half * 0.6, upper + 1, 4),
    view.at(0, upper, 5),
    view.at(half * 0.6, upper + 1, 4),
    view.at(half, y + 1, 3),
    view.at(half * 0.4, y - mouth.upperLip * 0.6, 4),
    view.at(0, y - mouth.upperLip * 0.9, 4),
    view.at(-half * 0.4, y - mouth.upperLip * 0.6, 4),
  ]);
  return path(outline, filled(beard.colour));
}

function goatee(identity: Identity, view: View): string {
  const { beard, head, mouth } = identity;
  const y = mouthY(identity);
  const half = Math.max(6, mouth.halfWidth * 0.75);
  const outline = closedCurve([
    view.at(-half * 1.1, y - 1, 3),
    view.at(-half * 0.6, y + mouth.lowerLip + 2, 3),
    view.at(half * 0.6, y + mouth.lowerLip + 2, 3),
    view.at(half * 1.1, y - 1, 3),
    view.at(half, head.bottom - 3, 2),
    view.at(0, head.bottom + 2, 2),
    view.at(-half, head.bottom - 3, 2),
  ]);
  return path(outline, filled(beard.colour));
}
