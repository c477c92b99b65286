/**
 * What a pickle holds, as far as lists of pictures and flags need it. Nothing is executed: a call is kept as the name of
 * what would be called and what it would be given. Texts and bytes stay in the file; only their places are known.
 */
export type PickleValue = number | boolean | null | Compound;

type Compound = PickleBytes | PickleText | PickleList | PickleName | PickleCall;

interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Bytes inside the file. */
export interface PickleBytes extends Span {
  readonly kind: 'bytes';
}

/** A text in UTF-8 inside the file. */
export interface PickleText extends Span {
  readonly kind: 'text';
}

/** A list or a tuple. */
export interface PickleList {
  readonly kind: 'list';
  readonly items: PickleValue[];
}

/** What another program would import: `numpy.ndarray`. */
export interface PickleName {
  readonly kind: 'name';
  readonly name: string;
}

/** What another program would call. */
export interface PickleCall {
  readonly kind: 'call';
  readonly name: string;
  readonly given: readonly PickleValue[];
  /** What it would be filled with afterwards. */
  state?: PickleValue;
}

/** Whether a value is of a kind. */
export function isKind<Kind extends Compound['kind']>(
  value: PickleValue | undefined,
  kind: Kind,
): value is Extract<Compound, { readonly kind: Kind }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}
