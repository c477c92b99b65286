import { create } from '@bufbuild/protobuf';
import { type OptionNames, requireKnownOptions } from '@cf/core';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { ELEMENTS } from '../model/element-type.ts';
import { ValueInfoProtoSchema } from '../model/messages/onnx_pb.js';
import { graphOf, type Model, type ValueInfo } from '../model/model.ts';
import { createValueInfo, declaredType } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import { inTurn } from './in-turn.ts';
import type {
  OnnxRuntime,
  RuntimeSession,
  RuntimeSessionOptions,
  RuntimeTensor,
  RuntimeTensors,
} from './onnx-runtime.ts';
import { sessionModel } from './session-model.ts';

/** Options of sessions that say nothing but errors, and leave the processor to each other. */
export function sessionOptions(
  threads: number | undefined,
  executionProviders: readonly string[] | undefined,
): RuntimeSessionOptions {
  return {
    logSeverityLevel: LOG_ERRORS,
    // Threads that wait for work in one session keep those of another from the cores.
    extra: { session: { force_spinning_stop: '1' } },
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    ...(executionProviders !== undefined && { executionProviders }),
  };
}

/**
 * For a session whose runs follow each other at once: its threads wait for the next run some 100 µs before they sleep, since to
 * be woken takes them half as long. Undefined for a runtime that does not know for how long, and would wait for long.
 */
export function briefWaiting(runtime: OnnxRuntime): RuntimeSessionOptions['extra'] {
  const { env } = runtime as { env?: { versions?: { node?: string } } };
  const [major = 0, minor = 0] = (env?.versions?.node ?? '').split('.').map(Number);
  const knows = major > 1 || (major === 1 && minor >= 30);
  return knows ? { session: { intra_op: { spin_duration_us: '100' } } } : undefined;
}

/** Whether the first provider that is asked for is the processor. */
export function onProcessor(executionProviders: readonly string[] = []): boolean {
  const [first = 'cpu'] = executionProviders;
  return first === 'cpu' || first === 'wasm';
}

/** Severity of what the runtime prints: errors. */
const LOG_ERRORS = 3;

/** A model opened so that it fills arrays of the caller's. */
export interface FillingSession {
  /**
   * Runs the model for the named outputs. Each is written into the data of its tensor; where there is none (null), the
   * runtime allocates.
   *
   * @returns the tensors that were given, and those of the runtime's in place of null
   */
  run(
    feeds: RuntimeTensors,
    outputs: Readonly<Record<string, RuntimeTensor | null>>,
  ): Promise<RuntimeTensors>;
  release(): Promise<void>;
}

/** Opens models in one runtime, with one set of options. */
export interface SessionOpener {
  /** `in place`: outputs are written where they are wanted; `copied`: the runtime hands out arrays, which are copied. */
  readonly outputs: 'in place' | 'copied';
  /** @param extra in the place of that of the options */
  open(model: Model, extra?: RuntimeSessionOptions['extra']): Promise<FillingSession>;
}

const OPTIONS: OptionNames<RuntimeSessionOptions> = {
  intraOpNumThreads: true,
  enableMemPattern: true,
  logSeverityLevel: true,
  executionProviders: true,
  externalData: true,
  extra: true,
};

/**
 * How a runtime fills given arrays without allocating, found out with a run of a tiny model. Fresh arrays cost more than
 * the arithmetic: every page of them is a page fault.
 *
 * - A runtime that returns the very tensors that it was given is taken as it is.
 * - onnxruntime-node up to 1.30 writes in place, too, and then copies every output into a fresh array, from the first
 *   output to the last, and it refuses outputs that are not tensors when it comes to them. So the model gets an empty
 *   sequence as its first output: the run, by then complete, ends with that refusal, and nothing is copied.
 * - Others hand out arrays of their own. onnxruntime-web is one, and takes one call at a time, so its calls wait for each
 *   other.
 */
export async function sessionOpener(
  runtime: OnnxRuntime,
  options: RuntimeSessionOptions,
): Promise<SessionOpener> {
  requireKnownOptions('sessionOpener', options, OPTIONS);
  const waiting = inTurn(runtime.InferenceSession);
  const open = (
    model: Model,
    extra = options.extra,
    sessions = runtime.InferenceSession,
  ): Promise<RuntimeSession> => {
    const { bytes, options: beside } = sessionModel(withoutDeclarations(model));
    return sessions.create(bytes, { ...options, ...beside, ...(extra && { extra }) });
  };
  if (await probe(runtime, await open(probeModel(), undefined, waiting), RETURNS_WHAT_IT_WAS_GIVEN)) {
    return { outputs: 'in place', open: async (model, extra) => filling(await open(model, extra)) };
  }
  const stopped = await open(stoppedBeforeCopies(probeModel()), undefined, waiting).catch(() => undefined);
  if (stopped !== undefined && (await probe(runtime, stopped, ENDS_WITH_A_REFUSAL))) {
    return {
      outputs: 'in place',
      open: async (model, extra) => fillingUpTo(await open(stoppedBeforeCopies(model), extra)),
    };
  }
  return { outputs: 'copied', open: async (model, extra) => copying(await open(model, extra, waiting)) };
}

/**
 * The model without the shapes that it declares of what its nodes compute. Those of a file may be old, and the runtime
 * then refuses arrays of any other size.
 */
function withoutDeclarations(model: Model): Model {
  const graph = graphOf(model);
  const output = graph.output.map((info) => {
    const type = declaredType(info);
    return type === undefined ? info : createValueInfo(info.name, type);
  });
  return withFields(model, { graph: withFields(graph, { valueInfo: [], output }) });
}

const STOP = 'no_tensor';
const REFUSAL = /non tensor type/i;

type Outputs = Readonly<Record<string, RuntimeTensor | null>>;

function filling(session: RuntimeSession): FillingSession {
  return {
    run: async (feeds, outputs) => given(outputs, await session.run(feeds, outputs)),
    release: () => session.release(),
  };
}

function fillingUpTo(session: RuntimeSession): FillingSession {
  return {
    async run(feeds, outputs) {
      // What the runtime allocates it must also hand out.
      if (Object.values(outputs).includes(null)) return given(outputs, await session.run(feeds, outputs));
      try {
        await session.run(feeds, { [STOP]: null, ...outputs });
      } catch (error) {
        if (!REFUSAL.test(String(error))) throw error;
      }
      return given(outputs, {});
    },
    release: () => session.release(),
  };
}

function copying(session: RuntimeSession): FillingSession {
  return {
    async run(feeds, outputs) {
      const nothing = Object.fromEntries(Object.keys(outputs).map((name) => [name, null]));
      const results = await session.run(feeds, nothing);
      for (const [name, tensor] of Object.entries(outputs)) {
        if (tensor !== null) (tensor.data as Float32Array).set(results[name]!.data as Float32Array);
      }
      return given(outputs, results);
    },
    release: () => session.release(),
  };
}

function given(outputs: Outputs, results: RuntimeTensors): RuntimeTensors {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => [name, tensor ?? results[name]!]),
  );
}

/** The smallest of models: y = −x, [1]. */
export function probeModel(): Model {
  const builder = new GraphBuilder({ name: 'probe' });
  builder.input('x', 'float32', [1]);
  builder.output(builder.op('Neg', ['x'], {}, { outputs: ['y'] }), 'float32', [1]);
  return builder.build();
}

type Expectation = (session: RuntimeSession, feeds: RuntimeTensors, y: RuntimeTensor) => Promise<boolean>;

const RETURNS_WHAT_IT_WAS_GIVEN: Expectation = async (session, feeds, y) => {
  const { y: result } = await session.run(feeds, { y });
  return result !== undefined && (result.data as Float32Array).buffer === (y.data as Float32Array).buffer;
};

const ENDS_WITH_A_REFUSAL: Expectation = async (session, feeds, y) => {
  await fillingUpTo(session).run(feeds, { y });
  return true;
};

/** Whether a session meets an expectation and has written −1 into the array that it was given. */
async function probe(
  runtime: OnnxRuntime,
  session: RuntimeSession,
  expectation: Expectation,
): Promise<boolean> {
  const data = new Float32Array(1);
  try {
    const x = new runtime.Tensor('float32', Float32Array.of(1), [1]);
    const met = await expectation(session, { x }, new runtime.Tensor('float32', data, [1]));
    return met && data[0] === -1;
  } catch {
    return false;
  } finally {
    await session.release();
  }
}

/** The model with an empty sequence before its outputs. */
function stoppedBeforeCopies(model: Model): Model {
  const builder = GraphBuilder.extend(model);
  builder.node('SequenceEmpty', [], { dtype: { int: ELEMENTS.float32.code } }, { outputs: [STOP] });
  const extended = builder.build();
  const graph = graphOf(extended);
  const output = [sequenceInfo(STOP), ...graph.output];
  return withFields(extended, { graph: withFields(graph, { output }) });
}

function sequenceInfo(name: string): ValueInfo {
  const elemType = { value: { case: 'tensorType' as const, value: { elemType: ELEMENTS.float32.code } } };
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'sequenceType', value: { elemType } } },
  });
}
