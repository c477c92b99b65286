import type { Model } from '@cf/onnx';
import type { Learner } from '@cf/training';
import type { RUN_FILES } from '../run/run-folder.ts';
import type { Embedder } from './onnx-network.ts';

/** A network that is trained, whatever engine runs it. */
export interface NetworkInTraining {
  readonly learner: Learner;
  /** Samples that a batch of training has at least: a normalisation of one value gives nothing. */
  readonly smallestBatch?: number;
  /** What trains, and what does not: a line. */
  readonly trains?: string;
  /** What computes the training, such as `oneDNN 2.6.3`; left out where there is no choice. */
  readonly kernels?: string;
  /** The same in a line, with why. */
  readonly told?: string;
  /** What low memory gives and costs: a line. */
  readonly memory?: string;
  /** The network as it now is, to embed with and to keep. */
  trained(): Promise<TrainedNetwork>;
  /** Of the learner as well. */
  dispose(): Promise<void>;
}

/** A network after training. */
export interface TrainedNetwork {
  /** To be disposed of. */
  readonly inference: Embedder;
  /** Of ONNX, as it is kept in the run folder, with its weights where the file had them. */
  readonly model?: Model;
  /** What else is kept of it. */
  readonly files: ReadonlyMap<keyof typeof RUN_FILES, Uint8Array>;
}
