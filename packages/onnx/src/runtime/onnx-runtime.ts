/** A tensor in memory that both sides see: the runtime reads and writes `data` in place. */
export interface RuntimeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** Tensors by name. */
export type RuntimeTensors = Readonly<Record<string, RuntimeTensor>>;

/** A model opened by the runtime. */
export interface RuntimeSession {
  /** Runs the model. A fetch that is a tensor is written in place; one that is null is allocated by the runtime. */
  run(
    feeds: RuntimeTensors,
    fetches: Readonly<Record<string, RuntimeTensor | null>>,
  ): Promise<RuntimeTensors>;
  release(): Promise<void>;
}

/** Settings of a session that are used here; a runtime may know more. */
export interface RuntimeSessionOptions {
  readonly intraOpNumThreads?: number;
  readonly enableMemPattern?: boolean;
  readonly logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  readonly executionProviders?: readonly string[];
  /** Contents of files that the model refers to. */
  readonly externalData?: { readonly path: string; readonly data: Uint8Array }[];
  /** Further entries of onnxruntime's session configuration, nested by the dots of their names. */
  readonly extra?: Record<string, unknown>;
}

/**
 * The part of the onnxruntime packages that is used here. The modules `onnxruntime-node` and `onnxruntime-web` both
 * fit: import the one that you have and pass it on.
 */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: RuntimeSessionOptions): Promise<RuntimeSession>;
  };
  readonly Tensor: {
    new (type: 'float32', data: Float32Array, dims: readonly number[]): RuntimeTensor;
    new (type: 'int64', data: BigInt64Array, dims: readonly number[]): RuntimeTensor;
    new (type: 'bool', data: Uint8Array, dims: readonly number[]): RuntimeTensor;
  };
}
