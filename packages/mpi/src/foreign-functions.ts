/** A function of a C library: as it is, and on a thread of its own. */
export interface ForeignFunction {
  (...args: readonly unknown[]): unknown;
  async(...args: readonly unknown[]): void;
}

/** A C library that is loaded. */
export interface ForeignLibrary {
  /** @param declaration in C, as `int close(int file)` */
  func(declaration: string): ForeignFunction;
  /** Where a variable lies. @throws unless the library has it */
  symbol(name: string, type: string): unknown;
}

/** The part of the package `koffi` that is used here: import it and pass it on. */
export interface ForeignFunctions {
  /** Sizes in bytes. @throws where one is to change after a library was loaded */
  config(changes?: { readonly async_stack_size: number }): { readonly async_stack_size?: number };
  /** @throws unless the library is found */
  load(path: string): ForeignLibrary;
}
