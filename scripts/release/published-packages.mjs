import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The packages of a workspace that are published, with their manifests.
 *
 * @param {string} workspace its root
 * @returns {{ directory: string, path: string, manifest: any }[]} `directory` as the repository has it: packages/core
 */
export function publishedPackages(workspace) {
  return ['packages', 'apps']
    .flatMap((group) => readdirSync(join(workspace, group)).map((name) => `${group}/${name}`))
    .map((directory) => ({ directory, path: join(workspace, directory) }))
    .map((one) => ({ ...one, manifest: JSON.parse(readFileSync(join(one.path, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** The scope that the packages are published under: `@cf`. */
export function scopeOf(workspace) {
  const { name } = JSON.parse(readFileSync(join(workspace, 'packages', 'core', 'package.json'), 'utf8'));
  return name.slice(0, name.indexOf('/'));
}
