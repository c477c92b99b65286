import { type FaceDetector, type ImageProblem, parseLandmarks } from '@cf/data';
import { Command, Option } from 'commander';
import { alignedLines, alignPhotographs } from '../dataset/align-photographs.ts';
import { openFaceDetector } from '../dataset/face-detector.ts';
import { ProblemList } from '../dataset/problem-list.ts';
import { EXIT } from '../exit-codes.ts';
import { readGiven } from '../settings/read-given.ts';
import { refuseBeside } from './explicit-flags.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { number } from './options.ts';

interface AlignFlags {
  readonly data: string;
  readonly out: string;
  readonly landmarks?: string;
  readonly format: 'jpeg' | 'png';
  readonly threads?: number;
  readonly strict?: true;
}

/** `cf data align`. */
export function dataAlignCommand(): Command {
  const command = new Command('align')
    .description(
      "Find the faces of photographs and write 112×112 crops, their five landmarks on ArcFace's template.",
    )
    .requiredOption('--data <folder>', 'photographs, one folder a person, however deep')
    .requiredOption('--out <folder>', 'where the crops go; one of an earlier call goes on')
    .option('--landmarks <file>', 'landmarks to take in the place of a detector: lines of path x1 y1 … x5 y5')
    .addOption(
      new Option('--format <name>', 'of the crops; JPEG is at quality 95')
        .choices(['jpeg', 'png'])
        .default('jpeg'),
    )
    .option('--threads <n>', 'that find faces (default: the number of processors)', number)
    .option('--strict', 'stop at the first unreadable photograph')
    .addHelpText('after', EXAMPLES);
  return command.action(async (flags: AlignFlags) => {
    if (flags.landmarks !== undefined)
      refuseBeside(command, '--landmarks', (name) => name === 'threads', 'the threads find faces.');
    process.exitCode = await withInterruption((signal) => runAlign(flags, signal));
  });
}

const EXAMPLES = `
Faces are found by BlazeFace and the face mesh of @vladmandic/human, optional packages:
npm install @vladmandic/human @tensorflow/tfjs @tensorflow/tfjs-backend-wasm
Of several faces the largest and most central one is taken: that of the largest area of its box times 1 in the
middle of the picture, 0 in its corners, and evenly between. What did not come out is listed in OUT/.align/left-out.jsonl; OUT/.align holds
landmarks and sheets too. Ctrl-C ends after the photographs under way, and the same command goes on. A photograph that
has changed is done again.

The exit code is 0 where a crop came out, though photographs were left out; 3 where none did.

A line of --landmarks is a face: its path below --data, then x and y of the eye on the left of the picture, the other
eye, the tip of the nose, the corner of the mouth on the left and the other; or {"path": …, "landmarks": [[x, y], …]}.

Examples:
  cf data align --data photos --out faces
  cf data align --data photos --out faces --landmarks landmarks.csv
  cf train --data faces --backbone mobilefacenet
  cf train --data photos --align --backbone mobilefacenet
      both in one, into photos.aligned
`;

async function runAlign(flags: AlignFlags, signal: AbortSignal): Promise<number> {
  const { data, out, format, strict = false } = flags;
  const problems = new ProblemList();
  const onProblem = (problem: ImageProblem): void => problems.add(problem);
  let detector: FaceDetector | undefined;
  try {
    const landmarks =
      flags.landmarks === undefined
        ? undefined
        : parseLandmarks(await readGiven('--landmarks', flags.landmarks), flags.landmarks);
    if (landmarks === undefined)
      detector = await openFaceDetector(
        'cf data align without --landmarks,',
        flags.threads === undefined ? {} : { threads: flags.threads },
      );
    const result = await alignPhotographs({
      data,
      out,
      format,
      strict,
      onProblem,
      signal,
      ...(landmarks !== undefined && { landmarks }),
      ...(detector !== undefined && { detector }),
    });
    for (const line of alignedLines(out, result)) console.log(line);
    return result.aligned === 0 ? EXIT.data : EXIT.ok;
  } catch (error) {
    return interruptedExit(error, 'interrupted; the same command goes on where it stopped', console.log);
  } finally {
    await detector?.close();
  }
}
