import { mix, shade } from './colour.ts';
import type { Identity } from './identity.ts';
import {
  bothSides,
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
import { AXIS, type View } from './view.ts';

/** The head's outline from the crown clockwise, pixels; a smooth curve goes through these points. */
function headOutline(identity: Identity, view: View): readonly Point[] {
  const { halfWidth: w, cheekbones, jaw, chin, top, bottom } = identity.head;
  const height = bottom - top;
  const outline = bothSides([
    [0, top],
    [w * 0.56, top + height * 0.055],
    [w * 0.9, top + height * 0.2],
    [w, top + height * 0.38],
    [w * cheekbones, top + height * 0.56],
    [w * (0.35 * cheekbones + 0.65 * jaw), top + height * 0.74],
    [w * (0.55 * jaw + 0.45 * chin), top + height * 0.905],
    [w * chin * 0.75, top + height * 0.99],
    [0, bottom],
  ]);
  return outline.map(([x, y]) => view.outline(x, y));
}

/** Neck and shoulders, behind the head. */
export function drawBody(identity: Identity, clothes: readonly [number, number, number], view: View): string {
  const { bottom, halfWidth } = identity.head;
  const neck = halfWidth * 0.55;
  const [x] = view.outline(0, bottom);
  const shadow = shade(identity.skin, -0.28);
  const column = polygon([
    [AXIS - neck, bottom - 28],
    [AXIS + neck, bottom - 28],
    [AXIS + neck * 1.1, 118],
    [AXIS - neck * 1.1, 118],
  ]);
  const shoulders = openCurve([
    [-8, 130],
    [8, 107],
    [AXIS - neck * 1.2, 102],
    [AXIS, 112],
    [AXIS + neck * 1.2, 102],
    [104, 107],
    [120, 130],
  ]);
  return [
    path(column, filled(shadow)),
    ellipse([x, bottom - 2], neck, 7, filled(shade(identity.skin, -0.45), 0.5)),
    path(`${shoulders}Z`, filled(clothes)),
  ].join('');
}

/** Both ears; the one on the far side of a turned head all but disappears. */
export function drawEars(identity: Identity, yaw: number, view: View): string {
  const { halfWidth } = identity.head;
  const { height, reach } = identity.ears;
  const y = identity.eyes.y + 8;
  return [-1, 1]
    .map((side) => {
      // A head turned to the right (yaw > 0) shows its left ear's whole width.
      const visible = Math.max(0.1, 1 - (side * yaw) / 28);
      const [x] = view.outline(side * halfWidth * 0.97, y);
      const centre: Point = [x + side * reach * 0.45 * visible, y];
      const width = (reach * 0.55 + 2.4) * Math.min(1.3, visible);
      return (
        ellipse(centre, width, height / 2, filled(shade(identity.skin, -0.1)), side * 8) +
        ellipse(centre, width * 0.5, height * 0.3, filled(shade(identity.skin, -0.3)), side * 8)
      );
    })
    .join('');
}

/** The head itself, its soft shadows and the skin's lasting marks. */
export function drawHead(identity: Identity, view: View): string {
  const { skin, head, eyes, marks } = identity;
  const outline = closedCurve(headOutline(identity, view));
  const dark = shade(skin, -0.42);
  const cheeks = [-1, 1].map((side) => {
    const x = side * eyes.spacing * 1.12;
    const red = mix(skin, [214, 70, 70], 0.55);
    return ellipse(view.at(x, eyes.y + 20), 8 * view.foreshortening(x), 5.5, filled(red, 0.5 * marks.blush));
  });
  const folds = [-1, 1].map((side) => {
    const x = side * (identity.nose.width / 2 + 3);
    const y = eyes.y + identity.nose.length;
    const points = [view.at(x, y - 1), view.at(x + side * 4, y + 6), view.at(x + side * 5, y + 13)];
    return path(openCurve(points), stroked(dark, 1.3, 0.75 * marks.folds));
  });
  const skull = element('clipPath', { id: 'head' }, path(outline, {}));
  const temples = [-1, 1].map((side) => {
    const place = view.outline(side * head.halfWidth * 1.02, eyes.y + 18);
    return ellipse(place, head.halfWidth * 0.24, 38, filled(dark, 0.16));
  });
  return [
    element('defs', {}, skull),
    path(outline, { ...filled(skin), stroke: 'none' }),
    element('g', { 'clip-path': 'url(#head)' }, [...temples, ...cheeks].join('') + drawMarks(identity, view)),
    ...folds,
    path(outline, stroked(dark, 0.9, 0.55)),
  ].join('');
}

function drawMarks(identity: Identity, view: View): string {
  const { marks, skin } = identity;
  const freckle = mix(skin, [132, 66, 34], 0.6);
  const mole = mix(shade(skin, -0.6), [40, 20, 16], 0.6);
  const spots = [
    ...marks.freckles.map((spot) => ({ spot, fill: filled(freckle, 0.8) })),
    ...marks.moles.map((spot) => ({ spot, fill: filled(mole) })),
  ].map(({ spot, fill }) => {
    return ellipse(view.at(spot.x, spot.y), spot.radius * view.foreshortening(spot.x), spot.radius, fill);
  });
  return spots.join('') + drawScar(identity, view);
}

function drawScar({ marks, skin }: Identity, view: View): string {
  if (marks.scar === null) return '';
  const { x, y, length, angle } = marks.scar;
  const radians = (angle * Math.PI) / 180;
  const dx = (Math.cos(radians) * length) / 2;
  const dy = (Math.sin(radians) * length) / 2;
  const line = openCurve([
    view.at(x - dx, y - dy),
    view.at(x + dy * 0.12, y - dx * 0.12),
    view.at(x + dx, y + dy),
  ]);
  const pale = mix(shade(skin, 0.35), [232, 150, 150], 0.4);
  return path(line, stroked(shade(skin, -0.35), 2, 0.6)) + path(line, stroked(pale, 1.1));
}
