import type * as tf from '@tensorflow/tfjs-core';

/**
 * The host's copy of a step counter that lives on the device.
 *
 * Seeded draws need the number on the host, and reading it from the device every step would wait for it. It is read only
 * after somebody else has written the variable, such as weights that were loaded.
 */
export class HostStep {
  private value = 0;
  private written: object | undefined;

  /** The step that the variable holds. */
  before(variable: tf.Tensor): number {
    if (this.written !== variable.dataId) this.value = variable.dataSync()[0]!;
    return this.value;
  }

  /** Tells that the variable now holds one step more. */
  advance(variable: tf.Tensor): void {
    this.value++;
    this.written = variable.dataId;
  }
}
