import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { serialize } from 'node:v8';
import { type Model, sessionModel } from '@cf/onnx';
import { InterruptedError, SIGNALS } from '../commands/interruption.ts';
import { BackboneError } from '../errors.ts';

type Graph = NonNullable<Model['graph']>;

/** Whether a model has a Loop: of all operators the one whose end is not known before. */
export function hasLoop({ graph, functions }: Model): boolean {
  const among = (nodes: Graph['node']): boolean =>
    nodes.some(
      ({ opType, attribute }) =>
        opType === 'Loop' || attribute.some(({ g, graphs }) => (g ? [g, ...graphs] : graphs).some(inside)),
    );
  const inside = ({ node }: Graph): boolean => among(node);
  return (graph !== undefined && inside(graph)) || functions.some(({ node }) => among(node));
}

/** Seconds that a network with a Loop may take to be loaded and to embed one picture. */
const LIMIT_SECONDS = 30;

/**
 * Opens a network and runs it on one black picture, in a process of its own that ends after a while, whatever the
 * network does: onnxruntime can't be stopped from within. What else goes wrong is told where the network is opened.
 *
 * @throws BackboneError if that takes too long
 */
export async function requireLoopsToEnd(
  name: string,
  model: Model,
  limitSeconds: number = LIMIT_SECONDS,
): Promise<void> {
  const { bytes, options } = sessionModel(model);
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-node');
  const child = spawn(process.execPath, ['-e', TRIAL, runtime, String(limitSeconds)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise<NodeJS.Signals | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', (_code, signal) => done(signal));
  });
  // A trial that fails at once does not read all of it.
  child.stdin.on('error', () => {});
  child.stdin.end(serialize({ bytes, options }));
  let isInterrupted = false;
  const interrupt = (): void => {
    isInterrupted = true;
    child.kill('SIGKILL');
  };
  // Where nobody listens, a signal ends the program, and the trial notices.
  const heard = SIGNALS.filter((signal) => process.listenerCount(signal) > 0);
  for (const signal of heard) process.on(signal, interrupt);
  const by = await ended;
  for (const signal of heard) process.off(signal, interrupt);
  if (isInterrupted) throw new InterruptedError();
  if (by === null) return;
  throw new BackboneError(
    `'${name}', whose Loop has not ended after ${limitSeconds} s on one picture`,
    'a network that comes to an end',
    'check the condition and the number of trips of its Loop.',
  );
}

/** Its thread ends the process after the time, or when the program that waits for it has gone. */
const TRIAL = `
const [runtime, limit] = process.argv.slice(1);
const { Worker } = require('node:worker_threads');
const watch = \`
  const { workerData: { limit, parent } } = require('node:worker_threads');
  const started = Date.now();
  setInterval(() => {
    if (Date.now() - started > 1000 * limit || process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  }, 100);
\`;
new Worker(watch, { eval: true, workerData: { limit: Number(limit), parent: process.ppid } }).unref();
const parts = [];
process.stdin.on('data', (part) => parts.push(part)).on('end', async () => {
  const { bytes, options } = require('node:v8').deserialize(Buffer.concat(parts));
  const { InferenceSession, Tensor } = require(runtime);
  const session = await InferenceSession.create(bytes, { ...options, intraOpNumThreads: 1 });
  const feeds = session.inputMetadata.map(({ name, shape }) => {
    const dims = shape.map((size) => (typeof size === 'number' && size > 0 ? size : 1));
    return [name, new Tensor('float32', new Float32Array(dims.reduce((all, size) => all * size, 1)), dims)];
  });
  await session.run(Object.fromEntries(feeds));
  process.exit(0);
});
`;
