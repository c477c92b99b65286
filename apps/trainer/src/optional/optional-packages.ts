import { BackendError } from '@cf/core';
import { MissingPackageError } from '../errors.ts';
import { installCommand } from './install-command.ts';

/** Large packages that only some flags need, and what each brings: optional peers, which a user installs by name. */
export const OPTIONAL_PACKAGES = {
  '@tensorflow/tfjs': '--align, cf data align',
  '@tensorflow/tfjs-backend-cpu': '--head tfjs-cpu',
  '@tensorflow/tfjs-backend-wasm': '--head tfjs-wasm, --engine tfjs, --align, cf data align',
  '@tensorflow/tfjs-backend-webgpu': '--head tfjs-webgpu',
  '@tensorflow/tfjs-core': '--head tfjs-…, --engine tfjs',
  '@tensorflow/tfjs-layers': '--head tfjs-…, --engine tfjs',
  '@tensorflow/tfjs-node': '--head tfjs-node',
  '@vladmandic/human': '--align, cf data align',
  'gpu.js': '--head gpujs-…',
  webgpu: '--head tfjs-webgpu, --head gpujs-webgpu',
} as const;

export type OptionalPackage = keyof typeof OPTIONAL_PACKAGES;

/** Finds a package. @throws where it is not installed beside this program */
export type Resolve = (name: string) => string;

const find: Resolve = (name) => import.meta.resolve(name);

/** Those of some packages that are not installed. */
export function missingOf(
  names: readonly OptionalPackage[],
  resolve: Resolve = find,
): readonly OptionalPackage[] {
  return names.filter((name) => {
    try {
      resolve(name);
      return false;
    } catch {
      return true;
    }
  });
}

/**
 * To be called before a module is loaded that imports optional packages.
 *
 * @param askedBy what needs them, as a user wrote it: `--head tfjs-wasm`
 * @throws MissingPackageError naming all that are not installed, and the command that installs them
 */
export function requirePackages(
  askedBy: string,
  names: readonly OptionalPackage[],
  resolve: Resolve = find,
): void {
  const missing = missingOf(names, resolve);
  if (missing.length > 0) throw new MissingPackageError(askedBy, missing, installCommand(missing));
}

/** Loads an optional package. @throws MissingPackageError; BackendError where it is installed and does not load */
export async function loadPackage(askedBy: string, name: OptionalPackage): Promise<unknown> {
  requirePackages(askedBy, [name]);
  try {
    return await import(name);
  } catch (cause) {
    throw new BackendError(
      `${askedBy} with the package '${name}', which is installed and does not load`,
      'a package that loads',
      `run ${installCommand([name])} once more.`,
      cause,
    );
  }
}
