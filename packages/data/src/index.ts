/** Random streams and the plain order of an epoch are core's; what is here takes them and adds to them. */
export {
  type BatchOptions,
  createRandom,
  type Random,
  type ShuffleList,
  shuffledBatches,
} from '@cf/core';
export {
  DataFolderError,
  ImageStoreSizeError,
  OutputFolderError,
  PairImageError,
  ProtocolFormatError,
  UnreadableImageError,
} from './errors.ts';
export { filterIdentities, type IdentityFilter } from './folder/filter.ts';
export { type ImageFolder, type ImageIdentity, scanImageFolder } from './folder/image-folder.ts';
export { type IdentitySplit, type SplitOptions, splitIdentities } from './folder/split.ts';
export { type DecodeOptions, decodeImage, resizeImage } from './image/decode.ts';
export { type LoadedImage, type LoadImagesOptions, loadImages } from './image/image-loader.ts';
export { MOST_ON_SHEET, type PictureSheetOptions, pictureSheet } from './image/picture-sheet.ts';
export type { RawImage } from './image/raw-image.ts';
export { type ImageFormat, imageFormat } from './image/signature.ts';
export { flipHorizontally, toTensorNCHW } from './image/transform.ts';
export { parseFolds, peopleOfFolds } from './lfw/folds.ts';
export { formatPairs, type Pair, type PairImage, type PairList, parsePairs } from './lfw/pairs.ts';
export { type Person, parsePeople } from './lfw/people.ts';
export {
  lfwImagePath,
  type ResolvedPair,
  type ResolvedPairs,
  type ResolvePairsOptions,
  resolvePairs,
} from './lfw/resolve-pairs.ts';
export { makeFolder } from './make-folder.ts';
export {
  type IdentityPair,
  type IdentityPairOptions,
  identityPairs,
  type PairedImage,
} from './pairs/identity-pairs.ts';
export type { ImageProblem, ImageProblemKind } from './problem.ts';
export { type BalancedBatchOptions, balancedBatches } from './sampling/balanced-batches.ts';
export { orderedBatches } from './sampling/ordered-batches.ts';
export {
  type Augmentation,
  type AugmentKey,
  type AugmentOptions,
  augmentBatch,
  drawAugmentation,
  type PixelBatchOptions,
  pixelBatch,
} from './store/augment-batch.ts';
export {
  collectImages,
  type ImageStore,
  type ImageStoreOptions,
  type LoadImageStoreOptions,
  loadImageStore,
  type StoreProgress,
} from './store/image-store.ts';
export type { Colour } from './synthetic/colour.ts';
export { type ContactSheetOptions, contactSheet } from './synthetic/contact-sheet.ts';
export { drawFace } from './synthetic/draw-face.ts';
export { type Identity, sampleIdentity } from './synthetic/identity.ts';
export { type Nuisance, type OcclusionKind, sampleNuisance } from './synthetic/nuisance.ts';
export { renderFace } from './synthetic/render-face.ts';
export {
  type SyntheticFaces,
  type SyntheticOptions,
  syntheticFaces,
  syntheticName,
} from './synthetic/synthetic-faces.ts';
export {
  type SyntheticFolderOptions,
  type WriteProgress,
  writeSyntheticFolder,
} from './synthetic/synthetic-folder.ts';
export {
  type SyntheticImage,
  type SyntheticPair,
  type SyntheticPairList,
  type SyntheticPairOptions,
  syntheticPairs,
} from './synthetic/synthetic-pairs.ts';
export {
  type Beard,
  type Glasses,
  HAIR_STYLES,
  type Hair,
  type HairStyle,
  type Marks,
  type Spot,
} from './synthetic/traits.ts';
