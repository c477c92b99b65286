import type { MarginLoss } from '@cf/core';
import type { Model } from '../model/model.ts';
import type { RuntimeSessionOptions } from '../runtime/onnx-runtime.ts';
import type { FillingSession, SessionOpener } from '../runtime/sessions.ts';
import { backwardGraph } from './backward-graph.ts';
import { type ForwardParts, forwardGraph, peakGraph, productGraph } from './forward-graph.ts';

/** The graphs of one loss with K centers a class, opened in a runtime when they are first needed. */
export class HeadSessions {
  readonly #opener: SessionOpener;
  readonly #loss: MarginLoss;
  readonly #subCenters: number;
  readonly #waiting: RuntimeSessionOptions['extra'];
  readonly #sessions: Map<string, Promise<FillingSession>> = new Map();

  /** @param waiting options of sessions whose runs follow each other at once */
  constructor(
    opener: SessionOpener,
    loss: MarginLoss,
    subCenters: number,
    waiting?: RuntimeSessionOptions['extra'],
  ) {
    this.#waiting = waiting;
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

  /** @param waits where one tile follows the other at once */
  backward(alongKnown: boolean, waits: boolean): Promise<FillingSession> {
    const key = `backward ${alongKnown} ${waits}`;
    const graph = (): Model => backwardGraph(this.#loss, this.#subCenters, alongKnown);
    return this.#open(key, graph, waits ? this.#waiting : undefined);
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

  #open(key: string, graph: () => Model, extra?: RuntimeSessionOptions['extra']): Promise<FillingSession> {
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = this.#opener.open(graph(), extra);
      this.#sessions.set(key, session);
    }
    return session;
  }
}
