/** Attributes of standard operators that name the element type of what they give. */
export const RESULT_TYPES: ReadonlySet<string> = new Set(['to', 'dtype', 'output_dtype', 'output_datatype']);

/** Those that name the type in which an operator computes; in a model of half precision it may well be float32. */
export const PRECISIONS: ReadonlySet<string> = new Set(['stash_type', 'softmax_precision', 'precision']);
