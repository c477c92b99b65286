/** Options as they come from a file or a command line. */
export type LossParameters = Readonly<Record<string, unknown>>;

/** What a loss may need to know of the data that it is for. */
export interface LossData {
  /** Pictures of each class, in the order of the labels: [C]. */
  readonly classCounts?: ArrayLike<number>;
}

/** A loss by name and options, as `createLoss` makes it: plain data, to be saved with a model. */
export interface LossDefinition extends LossData {
  /** Such as `curricularface`; for a weighting such as `focal` the loss beneath is `params.base`. */
  readonly loss: string;
  readonly params?: LossParameters;
}
