import { type OptionNames, requireChoice, requireInteger, requireKnownOptions } from '@cf/core';
import { seededInitialiser, zeroInitialiser } from './initialiser.ts';
import { NetworkBuilder, type NetworkStart } from './network-builder.ts';
import type { NetworkWriter } from './network-writer.ts';

/** A network that maps pictures to embeddings: `data` [N, 3, H, W], RGB 0 to 255, to [N, d], not normalised. */
export interface Backbone {
  /** Such as `iresnet18`. */
  readonly name: string;
  /** Side of the square pictures. */
  readonly inputSize: number;
  /** d. */
  readonly embeddingSize: number;
  /** Writes all layers with their first weights; returns the embedding. The same every time. */
  write<Value>(writer: NetworkWriter<Value>): Value;
}

/** What all backbones can be told. */
export interface BackboneOptions {
  /** d. */
  readonly embeddingSize?: number;
  /** Side of its pictures, an integer from 1 to 4096; the backbone's own by default. */
  readonly inputSize?: number;
  /** Seed of the weights, an integer; 0 by default. */
  readonly seed?: number;
  /** `zeros` skips the drawing of numbers, for weights that will be loaded; `seeded` by default. */
  readonly weights?: 'seeded' | 'zeros';
}

/** All of them: what the options of a backbone are checked by. */
export const BACKBONE_OPTIONS: OptionNames<BackboneOptions> = {
  embeddingSize: true,
  inputSize: true,
  seed: true,
  weights: true,
};

/** A network in words that every writer understands. */
export interface BackboneDefinition
  extends Omit<BackboneOptions, 'embeddingSize' | 'inputSize'>,
    Pick<Backbone, 'name' | 'inputSize' | 'embeddingSize'>,
    Pick<NetworkStart, 'convStd'> {
  /** From `pixels` to the embedding [N, d]. */
  readonly layers: <Value>(net: NetworkBuilder<Value>) => Value;
}

const DEFINITION: OptionNames<BackboneDefinition> = {
  name: true,
  inputSize: true,
  embeddingSize: true,
  seed: true,
  weights: true,
  convStd: true,
  layers: true,
};

/**
 * A backbone from its layers.
 *
 * @throws OptionOutOfRangeError if the sizes, the seed or the kind of weights is outside its range
 */
export function defineBackbone(definition: BackboneDefinition): Backbone {
  requireKnownOptions('defineBackbone', definition, DEFINITION);
  const { name, inputSize, embeddingSize, seed = 0, weights = 'seeded', convStd, layers } = definition;
  requireInteger('embeddingSize', embeddingSize, 1, 65536);
  requireInteger('inputSize', inputSize, 1, 4096);
  requireInteger('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  requireChoice('weights', weights, ['seeded', 'zeros']);
  const initialiser = weights === 'zeros' ? zeroInitialiser : seededInitialiser(seed);
  return {
    name,
    inputSize,
    embeddingSize,
    write: (writer) => layers(new NetworkBuilder(writer, { inputSize, initialiser, convStd })),
  };
}
