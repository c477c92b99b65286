import { embeddedGoldens } from '@cf/conformance';
import * as runtime from 'onnxruntime-node';
import { readDraws } from '../../../../../testing/draws.ts';
import { onnxBackend } from '../../head/onnx-backend.ts';
import { type ConformanceRun, conformanceRun } from './conformance-run.ts';
import type { Answer, Question } from './forked-run.ts';
import { keptSessions } from './kept-sessions.ts';

const answer = (message: Answer): void => {
  process.send!(message);
};

// The driver may crash on the way out, which is none of the tests' business.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

try {
  const backend = await onnxBackend({ runtime: keptSessions(runtime), provider: 'webgpu', threads: 1 });
  const run: ConformanceRun = conformanceRun(backend, await embeddedGoldens(), readDraws());
  process.on('message', ({ method, argument }: Question) => {
    run[method](argument).then(
      (value) => answer({ value }),
      (error: unknown) => answer({ error: String(error) }),
    );
  });
  answer({ value: backend.name });
} catch (error) {
  answer({ error: String(error) });
}
