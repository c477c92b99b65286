import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing.ts';
import { installCommand } from './install-command.ts';

it('installs in a project, beside a global program, and beside one that npx has fetched', async () => {
  const folder = await temporaryFolder();
  const file = join('node_modules', '@cf', 'trainer', 'dist', 'cli.js');
  const [project, fetched, global] = ['project', join('_npx', '12ab'), 'lib'].map((one) => join(folder, one));
  for (const one of [project!, fetched!]) {
    await mkdir(one, { recursive: true });
    await writeFile(join(one, 'package.json'), '{}');
  }
  const packages = ['gpu.js', 'webgpu'];
  expect(installCommand(packages, join(project!, file))).toBe('npm install gpu.js webgpu');
  const store = join(project!, 'node_modules', '.pnpm', 'trainer@1', file);
  expect(installCommand(packages, store)).toBe('npm install gpu.js webgpu');
  expect(installCommand(packages, join(fetched!, file))).toBe('npm install @cf/trainer gpu.js webgpu');
  expect(installCommand(packages, join(global!, file))).toBe('npm install --global gpu.js webgpu');
  expect(installCommand(packages)).toBe('npm install gpu.js webgpu');
});
