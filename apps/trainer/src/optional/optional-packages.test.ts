import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { exitCodeOf } from '../exit-codes.ts';
import { missingOf, OPTIONAL_PACKAGES, type OptionalPackage, requirePackages } from './optional-packages.ts';

const all = Object.keys(OPTIONAL_PACKAGES) as OptionalPackage[];

/** An installation without some packages. */
const without =
  (...absent: readonly string[]) =>
  (name: string): string => {
    if (absent.includes(name)) throw new Error(`Cannot find package '${name}'`);
    return `file:///node_modules/${name}`;
  };

it('a flag whose packages are missing is told all of them, with the line that installs them', () => {
  const needed = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm', 'gpu.js'] as const;
  const resolve = without('@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-core');
  let error: unknown;
  try {
    requirePackages('--head tfjs-wasm', needed, resolve);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({
    code: 'E_PACKAGE',
    packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'],
    given: '--head tfjs-wasm without the packages @tensorflow/tfjs-core, @tensorflow/tfjs-backend-wasm',
    fix: 'run npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm',
  });
  expect(exitCodeOf(error)).toBe(2);
  expect(() => requirePackages('--head gpujs-cpu', ['gpu.js'], resolve)).not.toThrow();
});

it('finds what is installed here', () => {
  expect(missingOf(all.filter((name) => name !== '@tensorflow/tfjs-node'))).toEqual([]);
  expect(missingOf(all, without('webgpu'))).toEqual(['webgpu']);
});

it('none of them is installed with the trainer', () => {
  const { dependencies, peerDependenciesMeta } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  expect(Object.keys(dependencies).filter((name) => name in OPTIONAL_PACKAGES)).toEqual([]);
  // Old dependencies of tfjs-node would be in every lock file of a package manager that installs all peers.
  const peers = all.filter((name) => name !== '@tensorflow/tfjs-node');
  expect(peerDependenciesMeta).toEqual(Object.fromEntries(peers.map((name) => [name, { optional: true }])));
});
