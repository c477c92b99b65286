import { curricularFace, type MarginLoss, sphereFace2 } from '@cf/core';
import { adamw, learnerOptimiser, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { proveProvider } from '../prove-provider.ts';

// A process of its own: drivers read their environment as they load. It prints what it has proven, or the error.
const proven: readonly [MarginLoss, number, ReturnType<typeof sgd>][] = [
  [curricularFace(), 1, sgd({ momentum: 0.9 })],
  [sphereFace2(), 2, adamw()],
];
const said: unknown[] = [];
try {
  for (const [loss, subCenters, rule] of proven) {
    const optimiser = learnerOptimiser({ rule, weightDecay: 0.01 });
    said.push(
      await proveProvider({
        runtime,
        provider: 'webgpu',
        threads: 1,
        head: { loss, subCenters },
        network: { optimiser },
      }),
    );
  }
  process.stdout.write(JSON.stringify(said), () => process.kill(process.pid, 'SIGKILL'));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: String(error) }), () => process.kill(process.pid, 'SIGKILL'));
}
