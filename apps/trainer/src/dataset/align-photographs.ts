import { printable } from '@cf/core';
import { type AlignedFolder, type AlignFolderOptions, alignFolder } from '@cf/data/node';
import { type Progress, startProgress } from '../report/progress.ts';

/** Aligns a folder of photographs with its progress told. */
export async function alignPhotographs(options: AlignFolderOptions): Promise<AlignedFolder> {
  let progress: Progress | undefined;
  let reached = 0;
  try {
    const aligned = await alignFolder({
      ...options,
      onProgress({ done, total, kept }) {
        // What an earlier call did is in no rate.
        if (total > kept) progress ??= startProgress('aligning', total, 'photographs', kept);
        reached = done;
        progress?.update(done);
      },
    });
    progress?.finish();
    return aligned;
  } catch (error) {
    progress?.stop(`aligning: stopped after ${reached} photographs, which are kept`);
    throw error;
  }
}

/** What came out, in a few lines. */
export function alignedLines(out: string, result: AlignedFolder): readonly string[] {
  const { total, aligned, kept, removed, several, withoutFace, inNoFolder, unmatched, problems, files } =
    result;
  const notes = [
    ...(kept > 0 ? [`${kept} done before`] : []),
    ...(removed > 0 ? [`${removed} crops of photographs that are gone removed`] : []),
  ];
  const first = several[0];
  const sheets = [files.sheet, files.leftOutSheet].filter((file) => file !== undefined);
  return [
    `aligned ${aligned} of ${total} photographs${notes.length === 0 ? '' : ` (${notes.join(', ')})`}: ${out}`,
    ...(first === undefined
      ? []
      : [
          `several faces in ${several.length}, such as ${printable(first.path)} (${first.faces}): the largest and most central one was taken; "faces" in ${files.record}`,
        ]),
    ...(inNoFolder === 0
      ? []
      : [`${inNoFolder} of them in no folder: training takes one folder a person, and passes over these`]),
    ...(unmatched.length === 0
      ? []
      : [`landmarks whose path no photograph has: ${unmatched.length}, such as ${printable(unmatched[0]!)}`]),
    ...(withoutFace.length + problems.length === 0
      ? []
      : [
          `left out: ${withoutFace.length} without a face, ${problems.length} unreadable; listed in ${files.leftOut}`,
        ]),
    ...(sheets.length === 0 ? [] : [`sheet${sheets.length === 1 ? '' : 's'}: ${sheets.join(', ')}`]),
  ];
}
