/** A function of a C library. */
export type ForeignFunction = (...args: readonly unknown[]) => unknown;

/** A C library that is loaded. */
export interface ForeignLibrary {
  /** @param declaration in C, as `int close(int file)` */
  func(declaration: string): ForeignFunction;
}

/** The part of the package `koffi` that is used here: import it and pass it on. */
export interface ForeignFunctions {
  /** @param path null for what the process has loaded. @throws unless the library is found */
  load(path: string | null): ForeignLibrary;
  /** Where a pointer points to, or an array begins. */
  address(pointer: Pointer): bigint;
  /** Memory that a pointer points to, in place. */
  view(pointer: Pointer | bigint, bytes: number): ArrayBuffer;
}

/** What C calls `void *`. */
export type Pointer = object;
