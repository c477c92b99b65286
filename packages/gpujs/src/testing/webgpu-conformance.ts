import { embeddedGoldens } from '@cf/conformance';
import { readDraws } from '../../../../testing/draws.ts';
import { gpujsBackend } from '../gpujs-backend.ts';
import { runConformance } from './conformance-run.ts';
import { installWebgpu } from './node-webgpu.ts';

/** A process of its own, since Dawn may crash when its process ends: prints the outcome, null without an adapter. */
const outcome = (await installWebgpu())
  ? await runConformance(() => gpujsBackend({ mode: 'webgpu' }), await embeddedGoldens(), readDraws())
  : null;
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.kill(process.pid, 'SIGKILL'));
