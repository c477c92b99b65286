import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };

/**
 * The command that installs packages where this program finds them: in its project; globally, beside a global one; and for
 * one that npx has fetched, in the folder of the user, with this program.
 *
 * @param file of this program
 */
export function installCommand(packages: readonly string[], file = import.meta.filename): string {
  const root = file.split(`${sep}node_modules${sep}`, 1)[0]!;
  const list = packages.join(' ');
  if (root === file) return `npm install ${list}`;
  if (root.includes(`${sep}_npx${sep}`)) return `npm install ${packageJson.name} ${list}`;
  return existsSync(join(root, 'package.json')) ? `npm install ${list}` : `npm install --global ${list}`;
}
