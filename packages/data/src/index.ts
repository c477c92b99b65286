/** Random streams and the plain order of an epoch are core's; what is here takes them and adds to them. */
export {
  type BatchOptions,
  createRandom,
  type LastBatch,
  type Random,
  type Sampler,
  type ShuffleList,
  shuffledBatches,
  type UniformSamplerOptions,
  uniformSampler,
} from '@cf/core';
export { type AlignmentCheck, checkAlignment } from './align/alignment-check.ts';
export {
  chooseFace,
  type DetectedFace,
  type FaceDetector,
  type FaceLandmarks,
  faceWeight,
  type Point,
} from './align/face.ts';
export { parseLandmarks } from './align/landmarks-file.ts';
export { photographWith, placing } from './align/photograph-with.ts';
export {
  ARCFACE_TEMPLATE,
  applySimilarity,
  fitSimilarity,
  invertSimilarity,
  type Similarity,
  TEMPLATE_SIDE,
  templateSimilarity,
} from './align/similarity.ts';
export { warpImage } from './align/warp.ts';
export { type AugmentOptions, checkAugmentation, NO_AUGMENTATION } from './augmentation/augment-options.ts';
export { augmentPicture, type Recompress } from './augmentation/augment-picture.ts';
export {
  type Augmentation,
  type AugmentKey,
  drawAugmentation,
  type ErasedPart,
} from './augmentation/draw-augmentation.ts';
export type { Planes } from './augmentation/planes.ts';
export {
  parseSafetensors,
  type SafetensorsHeader,
  safetensorsHeader,
  type TensorPlace,
} from './embed/safetensors.ts';
export {
  arrayTypeOf,
  type ShapedArray,
  tensorBytes,
  tensorParts,
  tensorsOfBytes,
} from './embed/tensor-bytes.ts';
export {
  DataFolderError,
  EmbeddingError,
  EmbeddingFileError,
  FaceDetectorError,
  ImageStoreSizeError,
  ManifestError,
  OutputFolderError,
  PairImageError,
  ProtocolFormatError,
  RecordFileError,
  UnreadableImageError,
  VerificationSetError,
} from './errors.ts';
export { filterIdentities, type IdentityFilter } from './folder/filter.ts';
export { type IdentitySplit, type SplitOptions, splitIdentities } from './folder/split.ts';
export type { RawImage } from './image/raw-image.ts';
export { type ImageFormat, imageFormat } from './image/signature.ts';
export { flipHorizontally, mirrorRows, toTensorNCHW } from './image/transform.ts';
export { parseFolds, peopleOfFolds } from './lfw/folds.ts';
export { formatPairs, type Pair, type PairImage, type PairList, parsePairs } from './lfw/pairs.ts';
export { type Person, parsePeople } from './lfw/people.ts';
export { isManifest, type ManifestRow } from './manifest/manifest-format.ts';
export { parseManifest } from './manifest/parse-manifest.ts';
export {
  type IdentityPair,
  type IdentityPairOptions,
  identityPairs,
  type PairedImage,
} from './pairs/identity-pairs.ts';
export { Pool } from './pool.ts';
export type { ImageProblem, ImageProblemKind } from './problem.ts';
export { type BalancedBatchOptions, balancedBatches } from './sampling/balanced-batches.ts';
export {
  type BalancedSamplerOptions,
  balancedSampler,
  type IdentitySamplerOptions,
  identitySampler,
} from './sampling/balanced-sampler.ts';
export { type CurriculumSamplerOptions, curriculumSampler } from './sampling/curriculum-sampler.ts';
export {
  type PictureFile,
  type PictureRecord,
  type PictureSlice,
  type PictureSource,
  type PixelSize,
  pictureName,
} from './source/picture-source.ts';
export {
  type AugmentBatchOptions,
  augmentBatch,
  type PixelBatchOptions,
  pixelBatch,
} from './store/augment-batch.ts';
export type { ImageStore } from './store/image-store.ts';
export type { Colour } from './synthetic/colour.ts';
export { drawFace } from './synthetic/draw-face.ts';
export { type Identity, sampleIdentity } from './synthetic/identity.ts';
export { type Nuisance, type OcclusionKind, sampleNuisance } from './synthetic/nuisance.ts';
export {
  type Beard,
  type Glasses,
  HAIR_STYLES,
  type Hair,
  type HairStyle,
  type Marks,
  type Spot,
} from './synthetic/traits.ts';
