import { shade } from './colour.ts';
import type { Identity } from './identity.ts';
import { bothSides, closedCurve, ellipse, filled, openCurve, type Point, path, stroked } from './svg.ts';
import type { HairStyle } from './traits.ts';
import type { View } from './view.ts';

/** Hair behind the head and neck. */
export function drawHairBehind(identity: Identity, view: View): string {
  const { hair, head } = identity;
  const fill = filled(shade(hair.colour, -0.22));
  const wide = head.halfWidth + hair.volume;
  const [x] = view.outline(0, head.top);
  switch (hair.style) {
    case 'long':
      return path(curtain(x, head.top - hair.volume, wide, 122), fill);
    case 'bob':
      return path(curtain(x, head.top - hair.volume, wide + 2, head.bottom - 6), fill);
    case 'afro':
      return ellipse([x, head.top + 26], wide + 9, 38 + hair.volume, filled(hair.colour));
    case 'bun':
      return ellipse([x, head.top - 3], 13, 10, filled(hair.colour));
    case 'curly':
      return curls(x, identity);
    default:
      return '';
  }
}

function curtain(x: number, top: number, wide: number, end: number): string {
  const outline = bothSides([
    [0, top],
    [wide * 0.72, top + 9],
    [wide, top + 36],
    [wide * 1.06, end - 16],
    [wide * 0.8, end],
    [0, end - 4],
  ]);
  return closedCurve(outline.map(([right, y]) => [x + right, y]));
}

function curls(x: number, { hair, head }: Identity): string {
  const count = 15;
  return Array.from({ length: count }, (_, i) => {
    const angle = Math.PI * (1.12 - (1.24 * i) / (count - 1));
    const centre: Point = [
      x + Math.cos(angle) * (head.halfWidth + hair.volume * 0.4),
      head.top + 34 - Math.sin(angle) * (34 + hair.volume * 0.3),
    ];
    return ellipse(
      centre,
      7 + hair.volume * 0.4,
      7 + hair.volume * 0.4,
      filled(shade(hair.colour, i % 2 ? 0 : -0.14)),
    );
  }).join('');
}

/** Hair over the forehead and the temples. */
export function drawHairFront(identity: Identity, view: View): string {
  const { hair } = identity;
  if (hair.style === 'bald') return '';
  const outline = [...outerEdge(identity, view), ...innerEdge(identity, view)];
  return path(closedCurve(outline), filled(hair.colour)) + strands(identity, view);
}

/** From the left temple over the crown to the right. */
function outerEdge({ hair, head }: Identity, view: View): Point[] {
  const { halfWidth: w, top, bottom } = head;
  const height = bottom - top;
  const v = hair.style === 'receding' ? 1.2 : hair.volume;
  const lift = hair.style === 'spiky' ? 5 : 0;
  const rise = (share: number): number => top + height * share - v * (1 - share);
  const right: [number, number][] = [
    [w * 0.3, rise(0.004) - lift],
    [w * 0.6 + v * 0.4, rise(0.06)],
    [w * 0.92 + v * 0.75, rise(0.2)],
    [w + v * 0.6, rise(0.36)],
    [w * 1.0, top + height * sideburn(hair.style)],
  ];
  const left = right.map(([x, y]): [number, number] => [-x, y]).reverse();
  const crown: [number, number][] =
    hair.style === 'spiky'
      ? [-0.75, -0.45, -0.15, 0.15, 0.45, 0.75].flatMap((u): [number, number][] => [
          [w * (u - 0.14), top + 5 + 9 * u * u],
          [w * u, top - v - 6 + 12 * u * u],
        ])
      : [[0, top - v]];
  const ends: [number, number][] =
    hair.style === 'spiky'
      ? [...left.slice(0, 3), ...crown, ...right.slice(2)]
      : [...left, ...crown, ...right];
  return ends.map(([x, y]) => view.outline(x, y));
}

/** How far down the temples hair reaches, as a share of the head's height. */
function sideburn(style: HairStyle): number {
  return style === 'long' || style === 'bob'
    ? 0.6
    : style === 'receding'
      ? 0.46
      : style === 'bun'
        ? 0.38
        : 0.44;
}

/** The hairline, from the right temple back to the left. */
function innerEdge({ hair, head, eyes, brows }: Identity, view: View): Point[] {
  const w = head.halfWidth;
  const temple = head.top + (head.bottom - head.top) * 0.3;
  const line = Math.max(hair.line, head.top + 9);
  const browY = eyes.y - brows.lift;
  const edge = (): Point[] => {
    switch (hair.style) {
      case 'receding':
        return bothSides([
          [0.97, temple + 4],
          [0.82, temple - 6],
          [0.6, head.top + 7],
          [0.28, head.top + 8],
          [0, head.top + 10],
        ]);
      case 'fringe':
      case 'bob': {
        const low = Math.min(browY - 1, line + 9);
        return bothSides([
          [0.95, temple + 8],
          [0.82, low + 1],
          [0.4, low - 0.5],
          [0, low + 0.6],
        ]);
      }
      case 'parted':
      case 'long': {
        const p = hair.parting * 0.7;
        return [
          [0.95, temple + 6],
          [0.78, line + 7],
          [(p + 0.9) / 2, line + 1.5],
          [p, head.top + 6],
          [(p - 0.9) / 2, line + 1.5],
          [-0.78, line + 7],
          [-0.95, temple + 6],
        ];
      }
      default:
        return bothSides([
          [0.95, temple + 5],
          [0.84, line + 7],
          [0.68, line + 1],
          [0, line],
        ]);
    }
  };
  return edge().map(([u, y]) => view.at(u * w * 0.94, y, 1));
}

function strands({ hair, head }: Identity, view: View): string {
  const from = view.outline(hair.parting * head.halfWidth * 0.6, head.top + 1);
  const line = Math.max(hair.line, head.top + 9);
  const count = hair.style === 'receding' ? 0 : 7;
  return Array.from({ length: count }, (_, i) => {
    const u = -0.8 + (1.6 * i) / (count - 1);
    const end = view.at(u * head.halfWidth, line - 3 + 8 * u * u);
    const middle: Point = [(from[0] + end[0]) / 2, Math.min(from[1], end[1]) + 1 + 3 * u * u];
    return path(openCurve([from, middle, end]), stroked(shade(hair.colour, i % 2 ? 0.2 : -0.35), 0.8, 0.5));
  }).join('');
}
