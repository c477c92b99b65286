import { mix, shade } from './colour.ts';
import type { Identity } from './identity.ts';
import type { Nuisance } from './nuisance.ts';
import { closedCurve, element, ellipse, filled, openCurve, type Point, path, stroked } from './svg.ts';
import type { View } from './view.ts';

/** Eyes and brows of both sides. */
export function drawEyes(identity: Identity, nuisance: Nuisance, view: View): string {
  return [-1, 1]
    .map((side) => drawEye(identity, nuisance, view, side) + drawBrow(identity, nuisance, view, side))
    .join('');
}

/** @param side - −1 is the picture's left. */
function drawEye(identity: Identity, nuisance: Nuisance, view: View, side: number): string {
  const { eyes, skin } = identity;
  const { expression } = nuisance;
  const x = side * eyes.spacing;
  const half = eyes.width / 2;
  const open = (eyes.height / 2) * Math.max(0.12, expression.eyeOpen);
  const slope = Math.sin((eyes.tilt * Math.PI) / 180) * half;
  // u runs from the inner (−1) to the outer (1) corner.
  const on = (u: number, v: number): Point => view.at(x + side * u * half, eyes.y - slope * u + v * open);
  const upper = [on(-1, 0.1), on(-0.5, -0.8), on(0.1, -1), on(0.65, -0.62), on(1, -0.05)];
  const lower = [on(0.55, 0.65), on(0, 0.85), on(-0.55, 0.62)];
  const shape = closedCurve([...upper, ...lower]);

  const width = view.foreshortening(x);
  const radius = Math.min(3.9, eyes.width * 0.28);
  const centre = on(side * expression.gazeX * 0.42, expression.gazeY * 0.35 - 0.08);
  const clip = `eye${side < 0 ? 'L' : 'R'}`;
  const iris = [
    ellipse(centre, radius * width, radius, filled(shade(eyes.iris, -0.45))),
    ellipse(centre, radius * 0.82 * width, radius * 0.82, filled(eyes.iris)),
    ellipse(centre, radius * 0.42 * width, radius * 0.42, filled([12, 10, 12])),
    ellipse([centre[0] + 1.1, centre[1] - 1.2], 0.8, 0.8, filled([255, 255, 255], 0.9)),
  ].join('');
  const crease = [on(-0.9, -0.75), on(-0.35, -1.75), on(0.3, -1.85), on(1.05, -0.75)];
  const dark = mix(shade(skin, -0.72), [20, 12, 10], 0.5);
  return [
    ellipse(view.at(x, eyes.y), half * 1.2 * width, open * 1.8 + 1.5, filled(shade(skin, -0.3), 0.3)),
    element('defs', {}, element('clipPath', { id: clip }, path(shape, {}))),
    path(shape, filled([244, 240, 236])),
    element('g', { 'clip-path': `url(#${clip})` }, iris),
    path(openCurve(upper), stroked(dark, 1.5)),
    path(openCurve([upper.at(-1)!, ...lower, upper[0]!]), stroked(shade(skin, -0.5), 0.7, 0.7)),
    path(openCurve(crease), stroked(shade(skin, -0.5), 0.9, 0.85 * eyes.lid)),
  ].join('');
}

function drawBrow(identity: Identity, nuisance: Nuisance, view: View, side: number): string {
  const { eyes, brows, hair } = identity;
  const x = side * (eyes.spacing + 0.5);
  const y = eyes.y - brows.lift - nuisance.expression.browRaise * 2.4;
  const half = brows.length / 2;
  const slope = Math.sin((brows.angle * Math.PI) / 180) * half;
  const on = (u: number, rise: number): Point => view.at(x + side * u * half, y - slope * u - rise, 1.5);
  const middle = brows.arch;
  const upper = [
    on(-1, brows.thickness * 0.5),
    on(-0.2, middle * 0.75 + brows.thickness * 0.5),
    on(0.35, middle + brows.thickness * 0.35),
  ];
  const lower = [
    on(0.3, middle - brows.thickness * 0.4),
    on(-0.3, middle * 0.6 - brows.thickness * 0.5),
    on(-1, -brows.thickness * 0.5),
  ];
  const outline = closedCurve([...upper, on(1, -0.6), ...lower]);
  return path(outline, filled(mix(shade(hair.colour, -0.25), [44, 30, 24], 0.35)));
}
