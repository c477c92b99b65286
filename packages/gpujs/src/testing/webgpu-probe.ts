import { installWebgpu } from './node-webgpu.ts';

const found = await installWebgpu();
process.stdout.write(`${found ? 'true' : 'null'}\n`, () => process.kill(process.pid, 'SIGKILL'));
