import { type Colour, hex } from './colour.ts';
import { drawBeard } from './draw-beard.ts';
import { drawGlasses, drawOcclusion } from './draw-covers.ts';
import { drawEyes } from './draw-eyes.ts';
import { drawHairBehind, drawHairFront } from './draw-hair.ts';
import { drawBody, drawEars, drawHead } from './draw-head.ts';
import { drawMouth, drawNose } from './draw-nose-mouth.ts';
import type { Identity } from './identity.ts';
import type { Nuisance } from './nuisance.ts';
import { decimals, element, ellipse, filled } from './svg.ts';
import { AXIS, FACE_SIZE, viewOf } from './view.ts';

/** Turns of pose happen about this height. */
const PIVOT_Y = 62;

/**
 * Draws one picture of a person, 112×112, as an SVG document.
 *
 * The same parameters give the same text. Noise, blur and compression are the camera's, and come with
 * {@link renderFace}.
 */
export function drawFace(identity: Identity, nuisance: Nuisance): string {
  const { pose, light } = nuisance;
  const view = viewOf(identity, nuisance);
  const placed = [
    `translate(${decimals(AXIS + pose.shiftX)} ${decimals(PIVOT_Y + pose.shiftY)})`,
    `rotate(${decimals(pose.roll)})`,
    `scale(${pose.scale.toFixed(4)})`,
    `translate(${-AXIS} ${-PIVOT_Y})`,
  ].join(' ');
  const person = [
    drawHairBehind(identity, view),
    drawBody(identity, nuisance.background.clothes, view),
    drawEars(identity, pose.yaw, view),
    drawHead(identity, view),
    drawBeard(identity, view),
    drawNose(identity, view),
    drawMouth(identity, nuisance, view),
    drawEyes(identity, nuisance, view),
    drawHairFront(identity, view),
    drawGlasses(identity, nuisance, view),
    drawOcclusion(identity, nuisance, view),
  ].join('');
  const scene = drawBackground(nuisance) + element('g', { transform: placed }, person) + drawShadow(light);
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width: FACE_SIZE,
      height: FACE_SIZE,
      viewBox: `0 0 ${FACE_SIZE} ${FACE_SIZE}`,
    },
    element('defs', {}, exposure(light)) + element('g', { filter: 'url(#exposure)' }, scene),
  );
}

function drawBackground({ background }: Nuisance): string {
  const shapes = background.shapes.map(({ x, y, radius, colour }) =>
    ellipse([x, y], radius, radius, filled(colour, 0.6)),
  );
  return (
    element('defs', {}, gradient('wall', 'x1="0" y1="0" x2="0" y2="1"', background.upper, background.lower)) +
    element('rect', { width: FACE_SIZE, height: FACE_SIZE, fill: 'url(#wall)' }) +
    shapes.join('')
  );
}

/** Darkens the side away from the light; black at opacity a multiplies every value by 1 − a. */
function drawShadow(light: Nuisance['light']): string {
  const angle = (light.direction * Math.PI) / 180;
  const dx = Math.cos(angle) * 0.5;
  const dy = Math.sin(angle) * 0.5;
  const at = (x: number): string => x.toFixed(3);
  const ends = `x1="${at(0.5 + dx)}" y1="${at(0.5 + dy)}" x2="${at(0.5 - dx)}" y2="${at(0.5 - dy)}"`;
  const stops =
    '<stop offset="0.1" stop-opacity="0"/>' +
    `<stop offset="0.95" stop-opacity="${decimals(light.strength)}"/>`;
  return (
    `<defs><linearGradient id="shadow" ${ends}>${stops}</linearGradient></defs>` +
    element('rect', { width: FACE_SIZE, height: FACE_SIZE, fill: 'url(#shadow)' })
  );
}

/** Brightness, contrast and colour of the light, as one line (slope and intercept) a channel. */
function exposure({ brightness, contrast, warmth }: Nuisance['light']): string {
  const lines = (['R', 'G', 'B'] as const).map((channel) => {
    const tint =
      channel === 'R' ? 1 + 0.14 * warmth : channel === 'B' ? 1 - 0.22 * warmth : 1 + 0.01 * warmth;
    const slope = (brightness * tint * contrast).toFixed(4);
    const intercept = (0.5 * (1 - contrast)).toFixed(4);
    return `<feFunc${channel} type="linear" slope="${slope}" intercept="${intercept}"/>`;
  });
  const area = `x="0" y="0" width="${FACE_SIZE}" height="${FACE_SIZE}" filterUnits="userSpaceOnUse"`;
  return (
    `<filter id="exposure" ${area} color-interpolation-filters="sRGB">` +
    `<feComponentTransfer>${lines.join('')}</feComponentTransfer></filter>`
  );
}

function gradient(id: string, direction: string, from: Colour, to: Colour): string {
  const stop = (offset: number, colour: Colour): string =>
    `<stop offset="${offset}" stop-color="${hex(colour)}"/>`;
  return `<linearGradient id="${id}" ${direction}>${stop(0, from)}${stop(1, to)}</linearGradient>`;
}
