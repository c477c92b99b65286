import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { UserConfig } from 'tsdown';
import { isAllowed } from './scripts/dependencies/allowed-licences.mjs';

type Plugin = Extract<NonNullable<UserConfig['plugins']>, { name: string }>;

/**
 * Writes the licences of all packages that a bundle has parts of into a file beside it.
 *
 * @throws where one has no text, or may not be in an MIT package
 */
export function bundledLicences(fileName: string): Plugin {
  return {
    name: 'bundled-licences',
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((chunk) =>
        chunk.type === 'chunk' ? chunk.moduleIds : [],
      );
      const folders = new Set(modules.filter((id) => id.includes('/node_modules/')).map(packageOf));
      const texts = [...folders].map(licenceOf).sort();
      this.emitFile({ type: 'asset', fileName, source: texts.join(`\n${'-'.repeat(80)}\n\n`) });
    },
  };
}

/** The folder of the package that a module is in. */
function packageOf(id: string): string {
  let folder = dirname(id);
  while (!hasName(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

function hasName(file: string): boolean {
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name !== undefined;
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!isAllowed(license, name)) throw new Error(`${name} ${version} is under ${license}`);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} ${version} (${license}) has no text of its licence`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
