import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { root } from '../node-runtime.mjs';

/** A registry on the loopback that knows nothing but what is published to it. */
export async function openRegistry(folder) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  let server = await start([]);

  return {
    url,
    /** What .npmrc needs to find the packages of some scopes here. */
    settings: (...scopes) => scopes.map((scope) => `${scope}:registry=${url}\n`).join(''),
    /** What is needed to publish here. */
    login: `//127.0.0.1:${port}/:_authToken=rehearsal\n`,
    /** What it says of a package; undefined: nothing yet. */
    async about(name) {
      const answer = await fetch(`${url}${name.replace('/', '%2f')}`);
      return answer.ok ? answer.json() : undefined;
    },
    /** Starts anew, and from then on nobody may publish the named packages. */
    async refuse(names) {
      await close();
      server = await start(names);
    },
    close,
  };

  async function close() {
    const ended = new Promise((done) => server.once('close', done));
    server.kill();
    await ended;
  }

  async function start(refused) {
    const config = join(folder, 'registry.yaml');
    writeFileSync(
      config,
      [
        `storage: ${join(folder, 'storage')}`,
        'auth: { htpasswd: { file: ./htpasswd } }',
        'uplinks: {}',
        'packages:',
        ...refused.map((name) => `  '${name}': { access: $all, publish: nobody }`),
        "  '@*/*': { access: $all, publish: $all }",
        'log: { type: stdout, level: fatal }',
        '',
      ].join('\n'),
    );
    const bin = join(root, 'node_modules', 'verdaccio', 'bin', 'verdaccio');
    const started = spawn(process.execPath, [bin, '--config', config, '--listen', `127.0.0.1:${port}`], {
      stdio: 'inherit',
    });
    for (let attempt = 0; attempt < 300; attempt++) {
      const answer = await fetch(`${url}-/ping`).catch(() => undefined);
      if (answer?.ok) return started;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    started.kill();
    throw new Error('the local registry did not start within a minute');
  }
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
