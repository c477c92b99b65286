import { OptionOutOfRangeError, ShapeMismatchError } from '@cf/core';
import { expect, test } from 'vitest';
import { dominantCenters, labelSuspects } from './label-suspects.ts';

const degrees = (angle: number): number => (angle * 180) / Math.PI;
const radians = (angle: number): number => (angle * Math.PI) / 180;

/** Vectors of the plane by their angles, of any length. */
const plane = (angles: readonly number[], length = 1): Float32Array =>
  Float32Array.from(
    angles.flatMap((angle) => [length * Math.cos(radians(angle)), length * Math.sin(radians(angle))]),
  );

/** Two classes of two centers: at 0° and 90°, and at 180° and 270°. */
const of = { centers: plane([0, 90, 180, 270], 0.3), subCenters: 2 };
const samples = {
  embeddings: plane([80, 95, 10, 100, 190, 200, 280, 0], 7),
  labels: [0, 0, 0, 0, 1, 1, 1, 1],
  dim: 2,
};

test('most samples of a class make its dominant center, and ties go to the first', () => {
  // Of class 0 three are near 90°; class 1 has two near 180° and two near 270°.
  expect([...dominantCenters(samples, of)]).toEqual([1, 0]);
  const none = { ...samples, embeddings: new Float32Array(0), labels: [] };
  expect([...dominantCenters(none, of)]).toEqual([0, 0]);
});

test('suspects are further than the angle from it, the furthest first', () => {
  const { dominant, angles, suspects } = labelSuspects(samples, of, radians(75));
  expect([...dominant]).toEqual([1, 0]);
  const expected = [10, 5, 80, 10, 10, 20, 100, 180];
  for (const [i, angle] of angles.entries()) expect(degrees(angle)).toBeCloseTo(expected[i]!, 3);
  expect(suspects.map(({ sample }) => sample)).toEqual([7, 6, 2]);
  // At 10° the center at 0° would be near, but it is not the dominant one of its class.
  const [last] = suspects.slice(-1);
  expect(degrees(last!.angle)).toBeCloseTo(80, 3);
  expect(last!.nearest!.label).toBe(1);
  expect(degrees(last!.nearest!.angle)).toBeCloseTo(170, 3);
  expect(labelSuspects(samples, of, radians(101)).suspects.map(({ sample }) => sample)).toEqual([7]);
});

test('one center a class is the dominant one, and one class has no other', () => {
  const one = { centers: plane([0]), subCenters: 1 };
  const { dominant, suspects } = labelSuspects({ ...samples, labels: new Array(8).fill(0) }, one, 1.5);
  expect([...dominant]).toEqual([0]);
  expect(suspects[0]).toEqual({ sample: 4, angle: expect.closeTo(radians(170), 5), nearest: undefined });
});

test('a vector of zeros is at a right angle to all', () => {
  const { angles } = labelSuspects({ embeddings: new Float32Array(2), labels: [1], dim: 2 }, of, 1);
  expect(angles[0]).toBe(Math.PI / 2);
});

test('refuses what does not fit', () => {
  expect(() => labelSuspects(samples, of, 4)).toThrow(OptionOutOfRangeError);
  expect(() => dominantCenters({ ...samples, dim: 3 }, of)).toThrow(ShapeMismatchError);
  expect(() => dominantCenters(samples, { ...of, subCenters: 3 })).toThrow(ShapeMismatchError);
  expect(() => dominantCenters({ ...samples, labels: [0, 0, 0, 0, 1, 1, 1, 2] }, of)).toThrow(
    /labels\[7\] = 2, expected 0 ≤ label < 2/,
  );
});

test('labels are integers in any array, or are named', () => {
  const expected = labelSuspects(samples, of, 1);
  for (const labels of [BigInt64Array.from(samples.labels, BigInt), Float32Array.from(samples.labels)])
    expect(labelSuspects({ ...samples, labels }, of, 1)).toEqual(expected);
  for (const names of [samples.labels.map(String), samples.labels.map((label) => ['anna', 'ben'][label])])
    expect(() => labelSuspects({ ...samples, labels: names as never }, of, 1)).toThrow(
      /^labels\[0\] = '(0|anna)', expected an integer.*\n.*buildLabelMap/s,
    );
});
