import { type Model, withMetadata } from '@cf/onnx';
import type { PixelForm } from '../engines/pixel-form.ts';

/** Texts and numbers by name, as they are told. */
export type Facts = Readonly<Record<string, string | number | boolean | null>>;

/** How a picture becomes the model's input. */
export interface Preprocessing extends PixelForm {
  readonly width: number;
  readonly height: number;
  /** Pixels are 0 to this before mean and std. */
  readonly range: number;
  /** The name of the input. */
  readonly input: string;
  /** Of one sample, behind the batch. */
  readonly shape: readonly number[];
  readonly alignment: {
    readonly template: 'arcface';
    /** Of the picture that the landmarks are in: scaled with it. */
    readonly side: number;
    /** Eyes, tip of the nose, corners of the mouth; left of the picture first: [x, y]. */
    readonly landmarks: readonly (readonly number[])[];
  };
}

/** How well a model tells pairs apart. */
export interface CardScore {
  readonly name: string;
  readonly accuracy: number;
  readonly std: number;
  readonly pairs: number;
  readonly auc: number;
  readonly eer: number;
  readonly tarAtFar: readonly {
    readonly far: number;
    readonly tar: number | null;
    readonly threshold: number | null;
  }[];
}

/** A file with what it costs and how it scores. */
export interface MeasuredFile {
  readonly file: string;
  readonly bytes: number;
  /** Of one picture on one thread, the median. */
  readonly milliseconds: number;
  readonly score: CardScore;
}

/** What quantisation did, measured. */
export interface QuantisationFacts {
  readonly activations: 'uint8';
  readonly weights: 'uint8' | 'int8';
  readonly method: string;
  readonly calibrationPictures: number;
  readonly layers: number;
  /** Between embeddings of both files, over the scored pictures. */
  readonly cosine: { readonly mean: number; readonly least: number };
  /** By which the scores are told. */
  /** How many of each kind stay in float32, such as `{ PRelu: 33 }`. */
  readonly floatLayers: Readonly<Record<string, number>>;
  readonly protocol: string;
  readonly float: MeasuredFile;
  readonly quantised: MeasuredFile;
}

/** All that is told of a model beside it, for people and for programs. */
export interface ModelCard {
  readonly name: string;
  readonly model: {
    readonly network: string;
    readonly output: string;
    readonly embeddingSize: number;
    readonly parameters: number;
  };
  /** Undefined for an embedding of features: what those are is in its metadata. */
  readonly preprocessing: Preprocessing | undefined;
  readonly licence: string | undefined;
  readonly data: Facts | undefined;
  readonly loss: Facts | undefined;
  readonly training: Facts | undefined;
  readonly scores: { readonly protocol: string; readonly models: readonly CardScore[] } | undefined;
  readonly environment: Facts;
  readonly quantisation?: QuantisationFacts;
}

/** The sections of a card that stand in a file's metadata, each as JSON under `cf.` and its name. */
const SECTIONS = [
  'model',
  'preprocessing',
  'licence',
  'data',
  'loss',
  'training',
  'scores',
  'environment',
  'quantisation',
] as const satisfies readonly (keyof ModelCard)[];

/** The model with its card in its metadata. */
export function withCard(model: Model, card: ModelCard): Model {
  return SECTIONS.filter((section) => card[section] !== undefined).reduce(
    (each, section) => withMetadata(each, `cf.${section}`, JSON.stringify(card[section])),
    model,
  );
}
