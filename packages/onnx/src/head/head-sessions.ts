import type { MarginLoss } from '@cf/core';
import type { Model } from '../model/model.ts';
import type { FillingSession, SessionOpener } from '../runtime/sessions.ts';
import { backwardGraph } from './backward-graph.ts';
import { type ForwardParts, forwardGraph, peakGraph, productGraph } from './forward-graph.ts';

/** The graphs of one loss, opened in a runtime when they are first needed. */
export class HeadSessions {
  readonly #opener: SessionOpener;
  readonly #loss: MarginLoss;
  readonly #sessions: Map<string, Promise<FillingSession>> = new Map();

  constructor(opener: SessionOpener, loss: MarginLoss) {
    this.#opener = opener;
    this.#loss = loss;
  }

  forward(parts: ForwardParts): Promise<FillingSession> {
    return this.#open(`forward ${JSON.stringify(parts)}`, () => forwardGraph(this.#loss, parts));
  }

  peaks(): Promise<FillingSession> {
    return this.#open('peaks', () => peakGraph(this.#loss));
  }

  products(): Promise<FillingSession> {
    return this.#open('products', () => productGraph(this.#loss));
  }

  backward(): Promise<FillingSession> {
    return this.#open('backward', () => backwardGraph(this.#loss));
  }

  /** Releases all sessions, in which nothing may run. */
  dispose(): void {
    for (const session of this.#sessions.values()) {
      session.then(
        (opened) => opened.release(),
        () => {},
      );
    }
    this.#sessions.clear();
  }

  #open(key: string, graph: () => Model): Promise<FillingSession> {
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = this.#opener.open(graph());
      this.#sessions.set(key, session);
    }
    return session;
  }
}
