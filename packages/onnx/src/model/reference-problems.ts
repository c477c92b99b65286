import { OnnxFileError } from '../errors.ts';

/** Throws all that is wrong with a model's references at once. */
export class ReferenceProblems {
  readonly #problems: string[] = [];

  add(problem: string): void {
    this.#problems.push(problem);
  }

  throwIfAny(fix: string): void {
    if (this.#problems.length === 0) return;
    const shown = this.#problems.slice(0, 20);
    const rest = this.#problems.length - shown.length;
    const given = rest === 0 ? shown : [...shown, `${rest} more`];
    throw new OnnxFileError(given.join('; '), "weights in whole files of the model's folder", fix);
  }
}
