/** What reads and writes files, decodes pictures and starts threads: `@cf/data/node`. */
export { type AlignFolderOptions, type AlignProgress, alignFolder } from './align/align-folder.ts';
export { type AlignedFace, alignedFaces } from './align/aligned-faces.ts';
export type { AlignedFolder } from './align/alignment-summary.ts';
export { type HumanDetectorOptions, humanDetector } from './align/human-detector.ts';
export { ALIGNMENT_VERSION } from './align/make-crop.ts';
export {
  openCollection,
  type PictureCollection,
  type PictureIdentity,
  packIn,
} from './collection/open-collection.ts';
export { type EmbeddedBatch, type EmbedOptions, type EmbedProgress, embed } from './embed/embed.ts';
export type { EmbeddedPicture } from './embed/names.ts';
export { type Embeddings, readEmbeddings } from './embed/read-embeddings.ts';
export { readSafetensorsText } from './embed/read-safetensors-text.ts';
export {
  createEmbeddingFile,
  type EmbeddingFile,
  type EmbeddingFileOptions,
} from './embed/write-embeddings.ts';
export { type ImageFolder, type ImageIdentity, scanImageFolder } from './folder/image-folder.ts';
export { type DecodeOptions, decodeImage, resizeImage } from './image/decode.ts';
export { DECODING_BYTES, decodingBudget, shareDecodingBudget } from './image/decoding-budget.ts';
export { encodeImage } from './image/encode.ts';
export { type LoadedImage, type LoadImagesOptions, loadImages } from './image/image-loader.ts';
export { MOST_ON_SHEET, type PictureSheetOptions, pictureSheet } from './image/picture-sheet.ts';
export { recompressJpeg } from './image/recompress.ts';
export {
  type InspectOptions,
  inspectPictures,
  type NamedPicture,
  type PictureInspection,
  type SharedPicture,
} from './inspect/inspect-pictures.ts';
export {
  lfwImagePath,
  type ResolvedPair,
  type ResolvedPairs,
  type ResolvePairsOptions,
  resolvePairs,
} from './lfw/resolve-pairs.ts';
export { makeFolder } from './make-folder.ts';
export { manifestRows } from './manifest/manifest-rows.ts';
export { type Manifest, type ManifestIdentity, readManifest } from './manifest/read-manifest.ts';
export { type PictureFilePair, type PictureFilePairs, readPairList } from './pairs/pair-list.ts';
export {
  openRecordPack,
  type PackedIdentity,
  packNotes,
  type RecordPack,
} from './record-io/record-pack.ts';
export { type UnpackedFolder, type UnpackOptions, unpackRecords } from './record-io/unpack.ts';
export { type RecordPackOptions, type WrittenPack, writeRecordPack } from './record-io/write-pack.ts';
export { notAFile } from './source/kind-of-file.ts';
export { pictureBytes, readPicture } from './source/read-picture.ts';
export { readExactly } from './source/read-span.ts';
export {
  collectImages,
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
export { type ContactSheetOptions, contactSheet } from './synthetic/contact-sheet.ts';
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
  isVerificationSet,
  readVerificationSet,
  type VerificationPair,
  type VerificationSet,
} from './verification-bin/verification-set.ts';
