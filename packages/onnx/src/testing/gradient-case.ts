import type { Attributes } from '../model/attributes.ts';
import type { Declared } from './node-model.ts';
import type { Values } from './run-model.ts';

/**
 * One use of an operator, whose gradients are compared with central differences. Cases are data, so that the table of
 * operators is made of what is tried.
 */
export interface GradientCase {
  readonly operator: string;
  /** Domain of the operator; the standard one by default. */
  readonly domain?: string;
  /** What is special about it. */
  readonly name: string;
  /** Inputs of the model; the operator's own, in its order, unless `order` says otherwise. */
  readonly inputs: Values;
  /** Inputs that are constants of the model, such as axes. */
  readonly constants?: Values;
  /** Names of the operator's inputs; `''` for one that is left out. Inputs, then constants, by default. */
  readonly order?: readonly string[];
  readonly attributes?: Attributes;
  /** Opsets whose form of the operator this is; 17 by default. */
  readonly opsets?: readonly number[];
  /** First version of onnxruntime-node that runs it, and as ONNX says; every one of the peer range by default. */
  readonly since?: string;
  /** Inputs to differentiate by; those of floating point by default. */
  readonly wrt?: readonly string[];
  /** Outputs that the node names; its first alone by default. */
  readonly outputs?: number;
  /** Output to differentiate; the first by default. */
  readonly of?: number;
  /** Whether what comes out, which may be integers, is cast to float32; no gradient may flow through it then. */
  readonly isCast?: boolean;
  /** Whether the operator takes the shape of the first input: as a whole, or as 0, its first side and 1. */
  readonly ofShape?: 'whole' | 'sides';
  /** How much of the shapes may be unknown; every degree by default. */
  readonly declared?: readonly Declared[];
  /** Half the distance of the two points, as in `GradientCheck`. */
  readonly step?: number;
  readonly tolerance?: number;
}
