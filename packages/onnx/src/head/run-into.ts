import { GraphBuilder } from '../builder/graph-builder.ts';
import { encodeModel } from '../model/codec.ts';
import type {
  OnnxRuntime,
  RuntimeSession,
  RuntimeSessionOptions,
  RuntimeTensors,
} from '../training/runtime.ts';

/** An array to be filled, and its shape. */
export interface Target {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** Runs a session so that its outputs land in given arrays. */
export type RunInto = (
  session: RuntimeSession,
  feeds: RuntimeTensors,
  targets: Readonly<Record<string, Target>>,
) => Promise<void>;

/**
 * The way in which a runtime fills given arrays. Native runtimes write in place, which saves an allocation and its page
 * faults every time; others hand out arrays of their own, which are copied. A run of a tiny model tells.
 */
export async function runInto(runtime: OnnxRuntime, options: RuntimeSessionOptions): Promise<RunInto> {
  const builder = new GraphBuilder({ name: 'probe' });
  builder.input('x', 'float32', [1]);
  builder.output(builder.op('Neg', ['x'], {}, { outputs: ['y'] }), 'float32', [1]);
  const session = await runtime.InferenceSession.create(encodeModel(builder.build()), options);
  const data = new Float32Array(1);
  try {
    const x = new runtime.Tensor('float32', Float32Array.of(1), [1]);
    await session.run({ x }, { y: new runtime.Tensor('float32', data, [1]) });
  } finally {
    await session.release();
  }
  return data[0] === -1 ? inPlace(runtime) : copying;
}

function inPlace(runtime: OnnxRuntime): RunInto {
  return async (session, feeds, targets) => {
    const fetches = Object.entries(targets).map(
      ([name, { data, dims }]) => [name, new runtime.Tensor('float32', data, dims)] as const,
    );
    await session.run(feeds, Object.fromEntries(fetches));
  };
}

const copying: RunInto = async (session, feeds, targets) => {
  const names = Object.keys(targets);
  const results = await session.run(feeds, Object.fromEntries(names.map((name) => [name, null])));
  for (const name of names) targets[name]!.data.set(results[name]!.data as Float32Array);
};
