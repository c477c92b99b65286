import * as tf from '@tensorflow/tfjs-core';

/** What of the engine's insides a pass takes that goes back later than it went forward. */
interface TapeEngine {
  startTape(): void;
  endTape(): void;
  readonly state: { activeTape: { readonly saved: readonly tf.Tensor[] }[] | null };
}

/**
 * A pass forward whose way back is taken later, when the gradient of its result is known. TensorFlow.js itself goes back
 * within the call that went forward, which can't wait for a loss that is computed elsewhere.
 */
export class RecordedPass {
  /** What the pass came to; it lives as long as the pass. */
  readonly result: tf.Tensor;
  #nodes: { readonly saved: readonly tf.Tensor[] }[] = [];

  constructor(forward: () => tf.Tensor) {
    const engine = tf.engine() as unknown as TapeEngine;
    engine.startTape();
    try {
      this.result = tf.keep(tf.tidy(forward));
    } finally {
      engine.endTape();
      this.#nodes = engine.state.activeTape ?? [];
      engine.state.activeTape = null;
    }
  }

  /**
   * Gradients for the variables, in their order; undefined for one that the result does not depend on. The pass is over
   * then, and its memory is given back.
   */
  back(gradient: tf.Tensor, variables: readonly tf.Variable[]): readonly (tf.Tensor | undefined)[] {
    const engine = tf.engine();
    const nodes = this.#nodes.splice(0);
    // A pass of no operations of its own: those of before are put on its tape, which gives their memory back.
    const replay = (): tf.Tensor => {
      (engine as unknown as TapeEngine).state.activeTape!.push(...nodes);
      return this.result;
    };
    const { grads } = engine.gradients(replay, [...variables], gradient, true);
    return grads as readonly (tf.Tensor | undefined)[];
  }

  dispose(): void {
    for (const { saved } of this.#nodes.splice(0)) tf.dispose([...saved]);
    this.result.dispose();
  }
}
