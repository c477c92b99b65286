export {
  type MapFloatsOptions,
  type MappedFloats,
  mapFloats,
} from './files/mapped-floats.ts';
export { readModelFile } from './files/read-model-file.ts';
export {
  type WriteModelOptions,
  type WrittenModel,
  writeModelFile,
} from './files/write-model-file.ts';
