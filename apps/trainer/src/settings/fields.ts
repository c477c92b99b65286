import { augmentation } from './fields/augmentation.ts';
import { evaluation } from './fields/evaluation.ts';
import { loss } from './fields/loss.ts';
import { network } from './fields/network.ts';
import { optimisation } from './fields/optimisation.ts';
import { folder, synthetic } from './fields/pictures.ts';
import { keeping, run, start } from './fields/run.ts';
import { builtIn, onnx, pixels, source } from './fields/trained.ts';
import type { FlagsOf, Setting } from './setting.ts';

// The table of settings: a flag, its help, its check, its default and its place in config.json are one entry, in a file
// of `fields/`. `--help`, the checks, the JSON Schema and the README's table are made of it.

export { augmentation } from './fields/augmentation.ts';
export { evaluation } from './fields/evaluation.ts';
export { DEFAULT_LOSS, DEFAULT_SCALE, type LossFlags, loss, WEIGHTINGS } from './fields/loss.ts';
export { network } from './fields/network.ts';
export { optimisation } from './fields/optimisation.ts';
export { DEFAULT_DIFFICULTY, folder, synthetic } from './fields/pictures.ts';
export { keeping, run, start } from './fields/run.ts';
export { builtIn, embedding, layers, onnx, onnxInput, pixels } from './fields/trained.ts';

/** All of the table, in the order and under the titles of `--help`. */
const TITLED = {
  'Pictures:': [folder, synthetic],
  'What is trained:': [source, onnx, builtIn, pixels, network, augmentation],
  'Loss:': [loss],
  'Training:': [optimisation],
  'Scores:': [evaluation],
  'The run:': [keeping, run, start],
};

type SectionOfTable = (typeof TITLED)[keyof typeof TITLED][number];
type EntryOf<S> = S extends unknown ? S[keyof S] : never;

/** The flags of `cf train`, as the command line gives them. */
export type TrainFlags = FlagsOf<EntryOf<SectionOfTable>>;

/** Every flag once, with the title that it stands under. */
export function everySetting(): readonly (Setting & { readonly title: string })[] {
  const byFlag = new Map<string, Setting & { readonly title: string }>();
  for (const [title, sections] of Object.entries(TITLED)) {
    for (const one of sections.flatMap((section) => Object.values<Setting>(section))) {
      // Where two kinds of training have the flag, it stands by the second.
      byFlag.delete(one.flag);
      byFlag.set(one.flag, { ...one, title });
    }
  }
  return [...byFlag.values()];
}
