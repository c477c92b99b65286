// The package managers of strangers, each as it comes.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { INSTALL, run } from '../checks.mjs';

/** Those that Node does not bring, and that the workspace does not use. */
const TOOLS = ['yarn@1.22.22', '@yarnpkg/cli-dist@4', 'bun@1'];

/**
 * What installs packages in an empty folder and runs a module there.
 *
 * @param {string} folder for the tools
 * @param registry of `openRegistry`, for the packages of a scope; everything else comes from where it always comes from
 * @returns {Promise<Record<string, { add(cwd, scope, specs): any, module(cwd, args): any }>>}
 */
export async function packageManagers(folder, registry) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const { status, stderr } = await run('npm', ['install', '--prefer-offline', ...INSTALL, ...TOOLS], {
    cwd: folder,
  });
  if (status !== 0) throw new Error(`npm install ${TOOLS.join(' ')}:\n${stderr}`);
  const modules = join(folder, 'node_modules');
  const classic = join(modules, 'yarn', 'bin', 'yarn.js');
  const berry = join(modules, '@yarnpkg', 'cli-dist', 'bin', 'yarn.js');
  const [oven] = readdirSync(join(modules, '@oven'));
  const bun = join(modules, '@oven', oven, 'bin', process.platform === 'win32' ? 'bun.exe' : 'bun');
  const configOf = (name) => execFileSync('npm', ['config', 'get', name], { cwd: folder }).toString().trim();
  const others = configOf('registry');
  // Whom to trust, yarn 4 asks neither npm's settings nor the system.
  const certificates = [
    configOf('cafile'),
    process.env.NODE_EXTRA_CA_CERTS,
    '/etc/ssl/certs/ca-certificates.crt',
  ].find((file) => file !== undefined && existsSync(file));

  const npmrc = (cwd, scope) =>
    writeFileSync(join(cwd, '.npmrc'), `registry=${others}\n${registry.settings(scope)}`);
  const node = (cwd, args) => run(process.execPath, args, { cwd });
  /** Nothing of another release may come out of a cache: each folder has its own. */
  const withNpmrc = (add, module = node) => ({
    add(cwd, scope, specs) {
      npmrc(cwd, scope);
      return add(cwd, specs);
    },
    module,
  });
  return {
    npm: withNpmrc((cwd, specs) => run('npm', ['install', ...INSTALL, ...specs], { cwd })),
    pnpm: withNpmrc((cwd, specs) =>
      run('pnpm', ['add', '--ignore-scripts', `--config.cache-dir=${join(cwd, '.cache')}`, ...specs], {
        cwd,
      }),
    ),
    'yarn 1': withNpmrc((cwd, specs) =>
      run(
        process.execPath,
        [classic, 'add', '--ignore-scripts', '--cache-folder', join(cwd, '.cache'), ...specs],
        { cwd },
      ),
    ),
    // Plug'n'Play, its default: what a package imports and does not name is not found.
    'yarn 4': {
      add(cwd, scope, specs) {
        const settings = {
          npmRegistryServer: others,
          npmScopes: { [scope.slice(1)]: { npmRegistryServer: registry.url, npmMinimalAgeGate: '0' } },
          unsafeHttpWhitelist: ['127.0.0.1', new URL(others).hostname],
          // By default it takes nothing that is younger than a day.
          npmMinimalAgeGate: '0',
          // With a cache of the folder's own, tarballs and what the registry tells are still kept in the global one.
          enableGlobalCache: false,
          globalFolder: join(cwd, '.global'),
          ...(certificates === undefined ? {} : { httpsCaFilePath: certificates }),
          enableTelemetry: false,
          enableScripts: false,
        };
        writeFileSync(join(cwd, '.yarnrc.yml'), JSON.stringify(settings));
        // A lock file says that this folder is a project of its own.
        writeFileSync(join(cwd, 'yarn.lock'), '');
        return run(process.execPath, [berry, 'add', ...specs], {
          cwd,
          env: { ...process.env, YARN_ENABLE_IMMUTABLE_INSTALLS: 'false' },
        });
      },
      module: (cwd, args) => run(process.execPath, [berry, 'node', ...args], { cwd }),
    },
    bun: withNpmrc(
      (cwd, specs) =>
        run(bun, ['add', '--ignore-scripts', ...specs], {
          cwd,
          env: { ...process.env, BUN_INSTALL_CACHE_DIR: join(cwd, '.cache') },
        }),
      (cwd, args) => run(bun, args, { cwd }),
    ),
  };
}
