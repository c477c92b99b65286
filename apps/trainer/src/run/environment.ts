import { cpus } from 'node:os';
import type { Backend } from '@cf/core';
import packageJson from '../../package.json' with { type: 'json' };
import type { TrainConfig } from '../settings/train-config.ts';
import { type RunFolder, readJson } from './run-folder.ts';

/** On what a training ran: where all of it is the same, the same seed gives the same bits. */
export type Environment = Readonly<Record<string, string | number>>;

/** The machine, the versions, and what the head chose. */
export async function environmentOf(config: TrainConfig, backend: Backend): Promise<Environment> {
  const { env } = await import('onnxruntime-node');
  const onTfjs = config.head.startsWith('tfjs-');
  return {
    cf: packageJson.version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
    onnxruntime: env.versions.node ?? env.versions.common,
    ...(onTfjs ? { tfjs: (await import('@tensorflow/tfjs')).version.tfjs } : {}),
    ...(config.train === 'all' ? { engine: config.engine } : {}),
    ...(config.train === 'all' && config.engine === 'onnx' ? { threads: config.threads } : {}),
    head: backend.name,
    ...Object.fromEntries(
      Object.entries(backend.choices ?? {}).map(([name, value]) => [`head ${name}`, value]),
    ),
  };
}

/** Records the environment of a new run; tells where a resumed one goes on in another. */
export async function recordEnvironment(
  run: RunFolder,
  environment: Environment,
  say: (line: string) => void,
): Promise<void> {
  if (!(await run.has('environment'))) {
    await run.writeText('environment', `${JSON.stringify(environment, undefined, 2)}\n`);
    return;
  }
  const before = (await readJson(run.file('environment'))) as Environment;
  const changed = Object.keys({ ...before, ...environment }).filter(
    (name) => before[name] !== environment[name],
  );
  if (changed.length === 0) return;
  const list = changed.map((name) => `${name} ${before[name] ?? 'none'} → ${environment[name] ?? 'none'}`);
  say(`the run goes on elsewhere than it began, so last bits may differ: ${list.join(', ')}`);
}
