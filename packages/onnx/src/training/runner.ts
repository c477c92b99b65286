import { BackendError, reasonOf } from '@cf/core';
import type { Model } from '../model/model.ts';
import { absentProvider } from '../runtime/absent-provider.ts';
import type { OnnxRuntime, RuntimeSessionOptions, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import { type FillingSession, onProcessor, sessionOpener } from '../runtime/sessions.ts';

/** Tensors by name. */
export type Tensors = ReadonlyMap<string, RuntimeTensor>;

/** Runs one model again and again. */
export class Runner {
  readonly #name: string;
  readonly #session: FillingSession;

  /** @param name what to call the model in a message */
  constructor(name: string, session: FillingSession) {
    this.#name = name;
    this.#session = session;
  }

  /**
   * Runs the model for the outputs named by `targets`, into these tensors where there are any.
   *
   * @returns the outputs: the targets themselves, and tensors of the runtime's where there were none
   * @throws BackendError with the runtime's message
   */
  async run(feeds: Tensors, targets: ReadonlyMap<string, RuntimeTensor | undefined>): Promise<Tensors> {
    const outputs = Object.fromEntries([...targets].map(([name, tensor]) => [name, tensor ?? null]));
    try {
      return new Map(Object.entries(await this.#session.run(Object.fromEntries(feeds), outputs)));
    } catch (error) {
      throw failure(`the runtime's ${this.#name} pass ended with: ${reasonOf(error)}`, error);
    }
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}

/**
 * Opens models in a runtime, each under the name that messages call it by.
 *
 * @throws BackendError with the runtime's message if it does not take one of them
 */
export async function openRunners<Name extends string>(
  runtime: OnnxRuntime,
  models: Readonly<Record<Name, Model>>,
  options: RuntimeSessionOptions,
): Promise<Readonly<Record<Name, Runner>>> {
  const [provider] = options.executionProviders ?? [];
  const opener = await taken('probing', () => sessionOpener(runtime, options)).catch(
    (error: BackendError) => {
      throw provider === undefined || onProcessor([provider]) ? error : absentProvider(provider, error.cause);
    },
  );
  const opened: [string, Runner][] = [];
  try {
    for (const [name, model] of Object.entries<Model>(models))
      opened.push([name, new Runner(name, await taken(name, () => opener.open(model)))]);
  } catch (error) {
    await Promise.all(opened.map(([, runner]) => runner.release()));
    throw error;
  }
  return Object.fromEntries(opened) as Record<Name, Runner>;
}

async function taken<T>(name: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw failure(`the runtime does not open the ${name} pass: ${reasonOf(error)}`, error);
  }
}

function failure(given: string, cause: unknown): BackendError {
  return new BackendError(
    given,
    'a pass that ends',
    "where memory is short, take smaller micro-batches or activations: 'checkpointed'.",
    cause,
  );
}
