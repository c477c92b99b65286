import type { FileSettings } from '../engines/onnx-file.ts';
import { UsageError } from '../errors.ts';
import { onnxInput } from '../settings/fields.ts';
import { longFlag, propertyOf, type Setting } from '../settings/setting.ts';
import { onnxFile } from '../settings/situation.ts';

/** What embeds pictures: a file as it is, or what a training made. */
export interface GivenModel {
  readonly flag: 'model' | 'run';
  readonly value: string;
}

/** The one that flags name. @throws UsageError without any, for two, and for what a run knows itself */
export function givenModel(
  flags: { readonly model?: string; readonly run?: string } & FileSettings,
): GivenModel {
  const [model, run] = [flags.model, flags.run].map((one) => (one === undefined ? [] : [one]));
  if (flags.model !== undefined && flags.run !== undefined)
    throw new UsageError('both --model and --run', 'one of them', 'name what embeds.');
  return givenModels({ ...flags, model: model!, run: run! })[0]!;
}

/** All that flags name: files, then runs. @throws UsageError without any, and for what a run knows itself */
export function givenModels(
  flags: { readonly model?: readonly string[]; readonly run?: readonly string[] } & FileSettings,
): readonly GivenModel[] {
  const { model = [], run = [] } = flags;
  if (model.length + run.length === 0)
    throw new UsageError('neither --model nor --run', 'one of them', 'name what embeds.');
  if (model.length === 0) refuseFileSettings(flags);
  for (const value of model) onnxFile(value);
  return [
    ...model.map((value) => ({ flag: 'model' as const, value })),
    ...run.map((value) => ({ flag: 'run' as const, value })),
  ];
}

/** A run knows what is said of a file. @throws UsageError for the first flag that says it */
export function refuseFileSettings(flags: FileSettings): void {
  for (const one of Object.values<Setting>(onnxInput)) {
    if (flags[propertyOf(one) as keyof FileSettings] === undefined) continue;
    throw new UsageError(`--run with ${longFlag(one)}`, 'one of them', 'a run knows it: leave the flag out.');
  }
}
