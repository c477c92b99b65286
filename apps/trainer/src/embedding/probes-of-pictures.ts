import { printable } from '@cf/core';
import { type ImageProblem, UnreadableImageError } from '@cf/data';
import type { Probe, ProbeMaker } from './probe-pictures.ts';

/** Probes of several pictures; those that can't be read, or show no face, are told and left out. */
export async function probesOfPictures(
  maker: ProbeMaker,
  pictures: readonly string[],
  {
    onProblem,
    signal,
  }: { readonly onProblem: (problem: ImageProblem) => void; readonly signal: AbortSignal },
): Promise<readonly Probe[]> {
  const probes: Probe[] = [];
  const leftOut = (path: string, kind: ImageProblem['kind'], reason: string): void =>
    onProblem({ path, kind, message: printable(`${path}: ${reason}`) });
  for (const picture of pictures) {
    signal.throwIfAborted();
    try {
      const found = await maker.probesOf(picture);
      if (found.length === 0) leftOut(picture, 'not an image', 'no face was found');
      probes.push(...found);
    } catch (error) {
      if (!(error instanceof UnreadableImageError)) throw error;
      leftOut(picture, error.kind, error.reason);
    }
  }
  return probes;
}
