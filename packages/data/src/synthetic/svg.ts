import { type Colour, hex } from './colour.ts';

/** A point of the drawing, pixels. */
export type Point = readonly [number, number];

/** The points of one side, then those of the other: mirrored about x = 0, where a point comes once. */
export function bothSides(side: readonly Point[]): Point[] {
  const others = side.filter(([x]) => x !== 0).reverse();
  return [...side, ...others.map(([x, y]): Point => [-x, y])];
}

/** Attributes of an element. */
export type Attributes = Readonly<Record<string, string | number>>;

/** Writes a number with at most two decimals, the same text in every engine. */
export function decimals(value: number): string {
  const text = value.toFixed(2).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}

/** One element; numbers are rounded to two decimals. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const list = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? decimals(value) : value}"`)
    .join('');
  return content === '' ? `<${name}${list}/>` : `<${name}${list}>${content}</${name}>`;
}

/** An axis-parallel or turned ellipse filled with one colour. */
export function ellipse(
  centre: Point,
  radiusX: number,
  radiusY: number,
  fill: Attributes,
  angle = 0,
): string {
  const [cx, cy] = centre;
  const turn = angle === 0 ? {} : { transform: `rotate(${decimals(angle)} ${decimals(cx)} ${decimals(cy)})` };
  return element('ellipse', {
    cx,
    cy,
    rx: Math.max(radiusX, 0.1),
    ry: Math.max(radiusY, 0.1),
    ...fill,
    ...turn,
  });
}

/** A path with the given outline. */
export function path(outline: string, attributes: Attributes): string {
  return element('path', { d: outline, ...attributes });
}

/** Attributes of a filled area. */
export function filled(colour: Colour, opacity = 1): Attributes {
  return opacity === 1 ? { fill: hex(colour) } : { fill: hex(colour), 'fill-opacity': opacity };
}

/** Attributes of a line with round ends. */
export function stroked(colour: Colour, width: number, opacity = 1): Attributes {
  return {
    fill: 'none',
    stroke: hex(colour),
    'stroke-width': width,
    'stroke-linecap': 'round',
    'stroke-linejoin': 'round',
    ...(opacity === 1 ? {} : { 'stroke-opacity': opacity }),
  };
}

/** A smooth closed curve through all points (Catmull–Rom as Bézier). */
export function closedCurve(points: readonly Point[]): string {
  const at = (index: number): Point => points[(index + points.length) % points.length]!;
  const pieces = points.map((_, i) => bezier(at(i - 1), at(i), at(i + 1), at(i + 2)));
  return `M${pair(points[0]!)}${pieces.join('')}Z`;
}

/** A smooth open curve through all points. */
export function openCurve(points: readonly Point[], start: 'M' | 'L' = 'M'): string {
  const last = points.length - 1;
  const at = (index: number): Point => points[Math.min(Math.max(index, 0), last)]!;
  const pieces = points.slice(0, -1).map((_, i) => bezier(at(i - 1), at(i), at(i + 1), at(i + 2)));
  return `${start}${pair(points[0]!)}${pieces.join('')}`;
}

/** Straight lines through all points, closed. */
export function polygon(points: readonly Point[]): string {
  return `M${points.map(pair).join('L')}Z`;
}

function bezier(before: Point, from: Point, to: Point, after: Point): string {
  const first: Point = [from[0] + (to[0] - before[0]) / 6, from[1] + (to[1] - before[1]) / 6];
  const second: Point = [to[0] - (after[0] - from[0]) / 6, to[1] - (after[1] - from[1]) / 6];
  return `C${pair(first)} ${pair(second)} ${pair(to)}`;
}

function pair([x, y]: Point): string {
  return `${decimals(x)} ${decimals(y)}`;
}
