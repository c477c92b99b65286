import { expect, it } from 'vitest';
import { chooseFace, type DetectedFace } from './face.ts';
import { ARCFACE_TEMPLATE } from './similarity.ts';

const face = (left: number, top: number, width: number, height = width): DetectedFace => ({
  box: { left, top, width, height },
  landmarks: ARCFACE_TEMPLATE,
  score: 1,
});
const picture = { width: 1000, height: 1000 };

it('chooses the largest of faces that are equally central', () => {
  const [small, large] = [face(450, 450, 100), face(400, 400, 200)];
  expect(chooseFace([small, large], picture)).toBe(large);
  expect(chooseFace([large, small], picture)).toBe(large);
});

it('chooses the more central of faces that are equally large, and a central one before a little larger at the edge', () => {
  const [middle, edge] = [face(420, 430, 150), face(0, 0, 150)];
  expect(chooseFace([edge, middle], picture)).toBe(middle);
  expect(chooseFace([face(0, 400, 220), middle], picture)).toBe(middle);
  // Much larger wins though it is at the side.
  const large = face(50, 250, 500);
  expect(chooseFace([middle, large], picture)).toBe(large);
  // The same at any size of the faces.
  expect(chooseFace([face(500, 500, 10), face(400, 400, 20)], picture)?.box.width).toBe(20);
});

it('chooses none of none', () => {
  expect(chooseFace([], picture)).toBeUndefined();
});
