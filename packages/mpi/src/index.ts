export type { ForeignFunction, ForeignFunctions, ForeignLibrary } from './foreign-functions.ts';
export { giveStack } from './library.ts';
export { type MpiOptions, type MpiRanks, openMpi } from './open-mpi.ts';
