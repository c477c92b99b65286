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
export { type AlignFolderOptions, type AlignProgress, alignFolder } from './align/align-folder.ts';
export { type AlignedFace, alignedFaces } from './align/aligned-faces.ts';
export { type AlignmentCheck, checkAlignment } from './align/alignment-check.ts';
export type { AlignedFolder } from './align/alignment-summary.ts';
export {
  chooseFace,
  type DetectedFace,
  type FaceDetector,
  type FaceLandmarks,
  faceWeight,
  type Point,
} from './align/face.ts';
export { type HumanDetectorOptions, humanDetector } from './align/human-detector.ts';
export { parseLandmarks } from './align/landmarks-file.ts';
export { ALIGNMENT_VERSION } from './align/make-crop.ts';
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
export { augmentPicture } from './augmentation/augment-picture.ts';
export {
  type Augmentation,
  type AugmentKey,
  drawAugmentation,
  type ErasedPart,
} from './augmentation/draw-augmentation.ts';
export type { Planes } from './augmentation/planes.ts';
export {
  openCollection,
  type PictureCollection,
  type PictureIdentity,
  packIn,
} from './collection/open-collection.ts';
export { type EmbeddedBatch, type EmbedOptions, type EmbedProgress, embed } from './embed/embed.ts';
export type { EmbeddedPicture } from './embed/names.ts';
export { type Embeddings, readEmbeddings } from './embed/read-embeddings.ts';
export {
  parseSafetensors,
  readSafetensorsText,
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
  createEmbeddingFile,
  type EmbeddingFile,
  type EmbeddingFileOptions,
} from './embed/write-embeddings.ts';
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
export { type ImageFolder, type ImageIdentity, scanImageFolder } from './folder/image-folder.ts';
export { type IdentitySplit, type SplitOptions, splitIdentities } from './folder/split.ts';
export { type DecodeOptions, decodeImage, resizeImage } from './image/decode.ts';
export { DECODING_BYTES, decodingBudget, shareDecodingBudget } from './image/decoding-budget.ts';
export { encodeImage } from './image/encode.ts';
export { type LoadedImage, type LoadImagesOptions, loadImages } from './image/image-loader.ts';
export { MOST_ON_SHEET, type PictureSheetOptions, pictureSheet } from './image/picture-sheet.ts';
export type { RawImage } from './image/raw-image.ts';
export { type ImageFormat, imageFormat } from './image/signature.ts';
export { flipHorizontally, mirrorRows, toTensorNCHW } from './image/transform.ts';
export {
  type InspectOptions,
  inspectPictures,
  type NamedPicture,
  type PictureInspection,
  type SharedPicture,
} from './inspect/inspect-pictures.ts';
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
export { isManifest, type ManifestRow, manifestRows } from './manifest/manifest-rows.ts';
export { type Manifest, type ManifestIdentity, readManifest } from './manifest/read-manifest.ts';
export {
  type IdentityPair,
  type IdentityPairOptions,
  identityPairs,
  type PairedImage,
} from './pairs/identity-pairs.ts';
export { type PictureFilePair, type PictureFilePairs, readPairList } from './pairs/pair-list.ts';
export { Pool } from './pool.ts';
export type { ImageProblem, ImageProblemKind } from './problem.ts';
export {
  openRecordPack,
  type PackedIdentity,
  packNotes,
  type RecordPack,
} from './record-io/record-pack.ts';
export { type UnpackedFolder, type UnpackOptions, unpackRecords } from './record-io/unpack.ts';
export { type RecordPackOptions, type WrittenPack, writeRecordPack } from './record-io/write-pack.ts';
export { type BalancedBatchOptions, balancedBatches } from './sampling/balanced-batches.ts';
export {
  type BalancedSamplerOptions,
  balancedSampler,
  type IdentitySamplerOptions,
  identitySampler,
} from './sampling/balanced-sampler.ts';
export { type CurriculumSamplerOptions, curriculumSampler } from './sampling/curriculum-sampler.ts';
export { notAFile } from './source/kind-of-file.ts';
export {
  type PictureFile,
  type PictureRecord,
  type PictureSlice,
  type PictureSource,
  type PixelSize,
  pictureName,
} from './source/picture-source.ts';
export { pictureBytes, readPicture } from './source/read-picture.ts';
export { readExactly } from './source/read-span.ts';
export { augmentBatch, type PixelBatchOptions, pixelBatch } from './store/augment-batch.ts';
export {
  collectImages,
  type ImageStore,
  type ImageStoreOptions,
  type LoadImageStoreOptions,
  loadImageStore,
  type StoreProgress,
} from './store/image-store.ts';
export { type DrawnPicture, decodePicture, type StreamedPicture } from './stream/decode-picture.ts';
export type { DiskOptions } from './stream/picture-file.ts';
export {
  openPictureStream,
  type PictureRequest,
  type PictureStream,
  type PictureStreamOptions,
  streamOfStore,
} from './stream/picture-stream.ts';
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
export {
  isVerificationSet,
  readVerificationSet,
  type VerificationPair,
  type VerificationSet,
} from './verification-bin/verification-set.ts';
