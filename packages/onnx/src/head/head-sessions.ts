import { BackendError, type MarginLoss } from '@cf/core';
import { encodeModel } from '../model/codec.ts';
import type { Model } from '../model/model.ts';
import type { OnnxRuntime, RuntimeSession, RuntimeSessionOptions } from '../training/runtime.ts';
import { backwardGraph } from './backward-graph.ts';
import { type ForwardParts, forwardGraph } from './forward-graph.ts';

/** The graphs of one loss, opened in a runtime when they are first needed. */
export class HeadSessions {
  readonly #runtime: OnnxRuntime;
  readonly #loss: MarginLoss;
  readonly #options: RuntimeSessionOptions;
  readonly #sessions: Map<string, Promise<RuntimeSession>> = new Map();
  #disposed = false;

  constructor(runtime: OnnxRuntime, loss: MarginLoss, options: RuntimeSessionOptions) {
    this.#runtime = runtime;
    this.#loss = loss;
    this.#options = options;
  }

  forward(parts: ForwardParts): Promise<RuntimeSession> {
    return this.#open(`forward ${JSON.stringify(parts)}`, () => forwardGraph(this.#loss, parts));
  }

  backward(): Promise<RuntimeSession> {
    return this.#open('backward', () => backwardGraph(this.#loss));
  }

  /** Releases all sessions once what runs in them is done. */
  dispose(): void {
    this.#disposed = true;
    for (const session of this.#sessions.values()) {
      session.then(
        (opened) => opened.release(),
        () => {},
      );
    }
    this.#sessions.clear();
  }

  #open(key: string, graph: () => Model): Promise<RuntimeSession> {
    if (this.#disposed) {
      throw new BackendError('a disposed head', 'a head in use', 'make another with createHead().');
    }
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = this.#runtime.InferenceSession.create(encodeModel(graph()), this.#options);
      this.#sessions.set(key, session);
    }
    return session;
  }
}
