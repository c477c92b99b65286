import { mix, shade } from './colour.ts';
import type { Identity } from './identity.ts';
import type { Nuisance } from './nuisance.ts';
import { closedCurve, element, ellipse, filled, openCurve, type Point, path, stroked } from './svg.ts';
import type { View } from './view.ts';

/** How far the tip of the nose stands out, pixels. */
const TIP_DEPTH = 9;

/** Bridge, tip and nostrils. */
export function drawNose(identity: Identity, view: View): string {
  const { nose, eyes, skin } = identity;
  const tipY = eyes.y + nose.length;
  const half = nose.width / 2;
  const dark = shade(skin, -0.48);
  const tip = view.at(0, tipY - 1.2 * nose.upturn - 1.5, TIP_DEPTH);
  const wings = [-1, 1].map((side) => {
    const wing = view.at(side * half * 0.78, tipY, TIP_DEPTH * 0.45);
    const nostril = view.at(side * half * 0.42, tipY + 1.4 - 0.8 * nose.upturn, TIP_DEPTH * 0.6);
    const width = view.foreshortening(side * half);
    return (
      ellipse(wing, half * 0.42 * width, 2.9, filled(shade(skin, -0.14))) +
      ellipse(
        nostril,
        half * 0.23 * width,
        0.85 + 0.35 * Math.max(0, nose.upturn),
        filled(shade(skin, -0.72)),
        -side * 14,
      )
    );
  });
  const ridge = [-1, 1].map((side) => {
    const points = [
      view.at(side * nose.bridge * 1.25, eyes.y - 4, 2),
      view.at(side * nose.bridge * 0.75, eyes.y + nose.length * 0.4, 5),
      view.at(side * half * 0.72, tipY - 2.5, TIP_DEPTH * 0.6),
    ];
    return path(openCurve(points), stroked(dark, 1.2, 0.34));
  });
  const base: Point[] = [
    view.at(-half * 0.95, tipY + 0.2, TIP_DEPTH * 0.4),
    view.at(-half * 0.5, tipY + 2.2, TIP_DEPTH * 0.6),
    view.at(0, tipY + 2.4 - 1.6 * nose.upturn, TIP_DEPTH * 0.85),
    view.at(half * 0.5, tipY + 2.2, TIP_DEPTH * 0.6),
    view.at(half * 0.95, tipY + 0.2, TIP_DEPTH * 0.4),
  ];
  const ridgeTop = view.at(0, eyes.y + 2, 3);
  return [
    ...ridge,
    path(openCurve([ridgeTop, view.at(0, tipY - 6, 7)]), stroked(shade(skin, 0.3), nose.bridge * 0.7, 0.45)),
    ellipse(tip, half * 0.5, 3, filled(shade(skin, 0.16), 0.8)),
    ...wings,
    path(openCurve(base), stroked(dark, 1.1, 0.85)),
  ].join('');
}

/** y of the line between the lips. */
export function mouthY(identity: Identity): number {
  return Math.min(identity.eyes.y + identity.nose.length + identity.mouth.drop, identity.head.bottom - 10);
}

/** Lips and, where the mouth is open, teeth. */
export function drawMouth(identity: Identity, nuisance: Nuisance, view: View): string {
  const { mouth, skin } = identity;
  const { smile, mouthOpen } = nuisance.expression;
  const y = mouthY(identity);
  const half = mouth.halfWidth * (1 + 0.16 * smile - 0.12 * mouthOpen);
  const corner = -smile * 3.4;
  const gap = mouthOpen * 6;
  const on = (u: number, dy: number): Point => view.at(u * half, y + corner * u * u + dy, 3);
  const top = [
    on(-1, 0),
    on(-0.5, -mouth.upperLip * 0.8),
    on(-0.18, -mouth.upperLip * 1.15),
    on(0, -mouth.upperLip * 0.9),
  ];
  const topRight = [on(0.18, -mouth.upperLip * 1.15), on(0.5, -mouth.upperLip * 0.8), on(1, 0)];
  const bottom = [
    on(0.55, gap + mouth.lowerLip * 0.8),
    on(0, gap + mouth.lowerLip),
    on(-0.55, gap + mouth.lowerLip * 0.8),
  ];
  const opening = [
    on(-0.92, 0),
    on(-0.4, -0.3),
    on(0.4, -0.3),
    on(0.92, 0),
    on(0.45, gap * 0.9),
    on(0, gap),
    on(-0.45, gap * 0.9),
  ];
  const inside = element('defs', {}, element('clipPath', { id: 'mouth' }, path(closedCurve(opening), {})));
  const teeth = ellipse(on(0, 0), half * 0.72 * view.foreshortening(0), 2.6, filled([244, 240, 230]));
  const dark = mix(shade(mouth.lips, -0.6), [40, 8, 8], 0.5);
  return [
    ellipse(on(0, gap + mouth.lowerLip + 3), half * 0.5, 1.8, filled(shade(skin, -0.35), 0.4)),
    path(closedCurve([...top, ...topRight, ...bottom]), filled(mouth.lips)),
    gap > 0.8
      ? inside +
        path(closedCurve(opening), filled([72, 18, 22])) +
        element('g', { 'clip-path': 'url(#mouth)' }, teeth)
      : path(openCurve([on(-1, 0), on(-0.4, 0.2), on(0, 0.6), on(0.4, 0.2), on(1, 0)]), stroked(dark, 1.1)),
    ellipse(
      on(0, gap + mouth.lowerLip * 0.55),
      half * 0.35,
      mouth.lowerLip * 0.22,
      filled(shade(mouth.lips, 0.4), 0.5),
    ),
  ].join('');
}
