import { env } from 'onnxruntime-node';

/**
 * Whether the onnxruntime-node that runs is older than a version. Known of old ones: up to 1.24 there is no
 * LpNormalization of opset 22; up to 1.25 a transposed product of float64 opens no session; up to 1.26 a Resize that has
 * axes and scales resizes wrongly, and Attention adds its mask before `softcap`; up to 1.27 a layer normalisation in
 * pieces of float16 opens no session with all optimisations.
 */
export function isOlderThan(version: string): boolean {
  const [running, wanted] = [env.versions.node ?? env.versions.common, version].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10)),
  ) as [number[], number[]];
  const at = wanted.findIndex((part, i) => part !== running[i]);
  return at >= 0 && running[at]! < wanted[at]!;
}
