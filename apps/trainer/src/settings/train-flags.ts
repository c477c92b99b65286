import {
  AUGMENTATION,
  DRAWN_IDENTITIES,
  EVALUATION,
  FEATURES,
  FOLDER,
  LOSS,
  NETWORKS,
  OF_NETWORK,
  OPTIMISATION,
  RUN,
  SOURCE,
} from './fields.ts';
import type { FlagsOf, Setting } from './setting.ts';

/** All of the table, in the order and under the titles of `--help`. */
const TITLED = {
  'Pictures:': [FOLDER, DRAWN_IDENTITIES],
  'What is trained:': [
    SOURCE,
    NETWORKS.onnx,
    NETWORKS['built-in'],
    FEATURES.pixels,
    OF_NETWORK,
    AUGMENTATION,
  ],
  'Loss:': [LOSS],
  'Training:': [OPTIMISATION],
  'Scores:': [EVALUATION],
  'The run:': [RUN],
};

type SectionOfTable = (typeof TITLED)[keyof typeof TITLED][number];
type EntryOf<S> = S extends unknown ? S[keyof S] : never;

/** The flags of `cf train`, as the command line gives them. */
export type TrainFlags = FlagsOf<EntryOf<SectionOfTable>>;

/** What the command line says about the loss. */
export type LossFlags = FlagsOf<EntryOf<typeof LOSS>> & { readonly loss: string };

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
