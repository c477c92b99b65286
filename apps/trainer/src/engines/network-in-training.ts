import type { Learner } from '@cf/training';
import type { RUN_FILES } from '../run/run-folder.ts';
import type { Embedder } from './onnx-network.ts';

/** A network that is trained, whatever engine runs it. */
export interface NetworkInTraining {
  readonly learner: Learner;
  /** The network as it now is, to embed with and to keep. */
  trained(): Promise<TrainedNetwork>;
  /** Of the learner as well. */
  dispose(): Promise<void>;
}

/** A network after training. */
export interface TrainedNetwork {
  /** To be disposed of. */
  readonly inference: Embedder;
  /** What is kept of it in the run folder. */
  readonly files: ReadonlyMap<keyof typeof RUN_FILES, Uint8Array>;
}
