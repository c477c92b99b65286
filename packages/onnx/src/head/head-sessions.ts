import type { MarginLoss } from '@cf/core';
import type { Model } from '../model/model.ts';
import type { FillingSession, SessionOpener } from '../runtime/sessions.ts';
import { backwardGraph } from './backward-graph.ts';
import { type ForwardParts, forwardGraph, peakGraph, productGraph } from './forward-graph.ts';

/** The graphs of one loss with K centers a class, opened in a runtime when they are first needed. */
export class HeadSessions {
  readonly #opener: SessionOpener;
  readonly #loss: MarginLoss;
  readonly #subCenters: number;
  readonly #sessions: Map<string, Promise<FillingSession>> = new Map();

  constructor(opener: SessionOpener, loss: MarginLoss, subCenters: number) {
    this.#opener = opener;
    this.#loss = loss;
    this.#subCenters = subCenters;
  }

  forward(parts: ForwardParts): Promise<FillingSession> {
    const key = `forward ${JSON.stringify(parts)}`;
    return this.#open(key, () => forwardGraph(this.#loss, this.#subCenters, parts));
  }

  peaks(): Promise<FillingSession> {
    return this.#open('peaks', () => peakGraph(this.#loss, this.#subCenters));
  }

  products(): Promise<FillingSession> {
    return this.#open('products', () => productGraph(this.#loss, this.#subCenters));
  }

  backward(alongKnown: boolean): Promise<FillingSession> {
    const key = `backward ${alongKnown}`;
    return this.#open(key, () => backwardGraph(this.#loss, this.#subCenters, alongKnown));
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
