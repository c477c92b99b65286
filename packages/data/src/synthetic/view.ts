import type { Identity } from './identity.ts';
import type { Nuisance } from './nuisance.ts';
import type { Point } from './svg.ts';

/** Width and height of every drawn picture, pixels. */
export const FACE_SIZE = 112;
/** x of the face's axis. */
export const AXIS: number = FACE_SIZE / 2;

/** How a turned head shows: places on the face to points of the picture. */
export interface View {
  /**
   * A place on the front of the face.
   *
   * @param x - from the face's axis, pixels seen from the front.
   * @param y - of the picture, pixels.
   * @param depth - how far it stands out from the head's surface, pixels.
   */
  at(x: number, y: number, depth?: number): Point;
  /** How wide something at `x` shows, as a share of its width seen from the front. */
  foreshortening(x: number): number;
  /** A point of the head's outline, which a turn moves only a little, the chin more than the crown. */
  outline(x: number, y: number): Point;
}

const RADIANS = Math.PI / 180;
/** Where features turn out of sight. */
const EDGE = 82 * RADIANS;
const MIN_FORESHORTENING = 0.15;

/** The face's surface is taken for a cylinder about the axis, as wide as the head; a nod shifts what it shows. */
export function viewOf(identity: Identity, nuisance: Nuisance): View {
  const { halfWidth, top, bottom } = identity.head;
  const radius = halfWidth * 1.04;
  const yaw = nuisance.pose.yaw * RADIANS;
  const pitch = nuisance.pose.pitch * RADIANS;
  const bearing = (x: number): number => Math.asin(Math.min(0.98, Math.max(-0.98, x / radius)));
  const middle = (top + bottom) / 2;

  return {
    at(x, y, depth = 0) {
      const angle = Math.min(EDGE, Math.max(-EDGE, bearing(x) + yaw));
      const nod = Math.sin(pitch) * (radius * 0.55 + depth);
      return [AXIS + radius * Math.sin(angle) + depth * Math.sin(yaw), y + nod];
    },
    foreshortening(x) {
      const angle = bearing(x);
      return Math.max(MIN_FORESHORTENING, Math.cos(Math.min(EDGE, Math.abs(angle + yaw))) / Math.cos(angle));
    },
    outline(x, y) {
      const lowness = Math.max(0, (y - middle) / (bottom - middle));
      const turn = Math.sin(yaw) * (1.5 + 9 * lowness * lowness);
      return [AXIS + x + turn, y + Math.sin(pitch) * 7 * lowness];
    },
  };
}
