import { cpus } from 'node:os';
import type { Backend } from '@cf/core';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import type { Device } from '../engines/device.ts';
import { lossFileHash } from '../settings/loss-files.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { readKept } from './json-file.ts';
import type { RunFolder } from './run-folder.ts';

/** On what a training ran: where all of it is the same, the same seed gives the same bits. */
export type Environment = Readonly<Record<string, string | number>>;

const ENVIRONMENT = z.record(z.string(), z.union([z.string(), z.number()]));
/** environment.json: where a run began; and as `resumed` what was another, after how many steps, each time it went on. */
const RECORDED = z
  .object({ resumed: z.array(ENVIRONMENT).optional() })
  .catchall(z.union([z.string(), z.number()]));
type RecordedEnvironment = Readonly<Record<string, string | number | readonly Environment[] | undefined>>;

/** A machine, and the versions on it. */
export type MachineFacts = Readonly<Record<'cf' | 'node' | 'platform' | 'processor' | 'onnxruntime', string>>;

/** This one. */
export async function machineFacts(): Promise<MachineFacts> {
  const { env } = await import('onnxruntime-node');
  return {
    cf: packageJson.version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
    onnxruntime: env.versions.node ?? env.versions.common,
  };
}

/** {@link machineFacts}, and what the head chose. */
export async function environmentOf(
  config: TrainConfig,
  backend: Backend,
  device: Device = 'cpu',
): Promise<Environment> {
  const lossFile = await lossFileHash(config);
  const onTfjs = config.head.startsWith('tfjs-');
  return {
    ...(await machineFacts()),
    ...(onTfjs ? { tfjs: (await import('@tensorflow/tfjs-core')).version_core } : {}),
    ...(config.train === 'all' ? { engine: config.engine } : {}),
    ...(config.train === 'all' && config.engine === 'onnx' ? { threads: config.threads } : {}),
    ...(lossFile === undefined ? {} : { 'file of the loss': lossFile }),
    device,
    head: backend.name,
    ...Object.fromEntries(
      Object.entries(backend.choices ?? {}).map(([name, value]) => [`head ${name}`, value]),
    ),
  };
}

/** environment.json of a run that has one. @throws RunFolderError */
export function readEnvironment(run: RunFolder): Promise<z.output<typeof RECORDED>> {
  return readKept(run.file('environment'), {
    schema: RECORDED,
    expected: 'the environment that a training wrote',
    fix: 'put it back as it was, or move it away: a resume then writes it anew.',
  });
}

/**
 * Records the environment of a new run, and where a resumed one goes on in another, which is told.
 *
 * @param afterStep steps that the run has done
 */
export async function recordEnvironment(
  run: RunFolder,
  environment: Environment,
  { afterStep, say }: { readonly afterStep: number; readonly say: (line: string) => void },
): Promise<void> {
  const write = (record: RecordedEnvironment): Promise<void> =>
    run.writeText('environment', `${JSON.stringify(record, undefined, 2)}\n`);
  if (!(await run.has('environment'))) return write(environment);
  const { resumed = [], ...first } = await readEnvironment(run);
  // Runs of earlier versions were all on the processor, by onnxruntime.
  const kernels = environment.kernels === undefined ? {} : { kernels: 'onnxruntime' };
  const before: Environment = Object.assign({ device: 'cpu', ...kernels }, first, ...resumed);
  const [was, is] = [before, environment].map((of) => (name: string) => of[name] ?? 'none') as [Named, Named];
  const changed = Object.keys({ ...before, ...environment }).filter(
    (name) => name !== 'afterStep' && was(name) !== is(name),
  );
  if (changed.length === 0) return;
  const list = changed.map((name) => `${name} ${was(name)} → ${is(name)}`);
  say(`the run goes on elsewhere than it began, so last bits may differ: ${list.join(', ')}`);
  const now = Object.fromEntries(changed.map((name) => [name, is(name)]));
  await write({ ...first, resumed: [...resumed, { afterStep, ...now }] });
}

type Named = (name: string) => string | number;
