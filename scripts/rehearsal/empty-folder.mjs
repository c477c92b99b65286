// Somebody in an empty folder who installs nothing: npx and npm create.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { check } from '../checks.mjs';
import { createAndUse } from './created-project.mjs';
import { checkSmallInstall } from './small-install.mjs';

/**
 * @param {string} folder to work in; made here
 * @param registry of `openRegistry`
 * @param {string} scope
 */
export async function useFromEmptyFolder(folder, registry, scope) {
  const cwd = join(folder, 'empty');
  mkdirSync(cwd, { recursive: true });
  const usual = process.env.npm_config_userconfig ?? join(homedir(), '.npmrc');
  const userConfig = join(folder, 'npmrc');
  writeFileSync(
    userConfig,
    `${existsSync(usual) ? readFileSync(usual, 'utf8') : ''}\n${registry.settings(scope)}`,
  );
  const cache = join(folder, 'cache');
  // What npx has fetched before is not to be found. Scripts of packages run, with what the README says to set before: elsewhere
  // here none does.
  // An npx that all this runs in passes its own command on, which one with arguments takes for a mistake.
  const { npm_config_call: _, npm_config_package: __, ...outside } = process.env;
  const env = {
    ...outside,
    ONNXRUNTIME_NODE_INSTALL: 'skip',
    ...settings({ cache, userconfig: userConfig, ignore_scripts: 'false' }),
  };
  const npx = (name, ...args) =>
    check(name, 'npx', ['--yes', ...args], { cwd, env, shell: process.platform === 'win32' });
  const short = ['--identities', '12', '--images-per-identity', '6', '--epochs', '1', '--batch', '16'];
  const trained = await npx(
    `npx ${scope}/trainer train, in an empty folder`,
    `${scope}/trainer`,
    'train',
    ...short,
    '--out',
    'first',
  );
  if (!trained) return;
  const [fetched] = readdirSync(join(cache, '_npx'));
  const modules = join(cache, '_npx', fetched, 'node_modules');
  await checkSmallInstall({ modules, cwd, env, install: `npm install ${scope}/trainer` });
  await createAndUse({ cwd, env, scope });
}

function settings(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`npm_config_${name}`, value]));
}
