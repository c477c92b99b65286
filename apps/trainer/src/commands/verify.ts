import { printable } from '@cf/core';
import { verifyPair } from '@cf/eval';
import { Command } from 'commander';
import { chooseThreshold, chosenText, type ThresholdFlags } from '../embedding/choose-threshold.ts';
import { openGallery } from '../embedding/open-gallery.ts';
import type { ModelFlags } from '../embedding/open-model.ts';
import { type Probe, type ProbeMaker, probeName } from '../embedding/probe-pictures.ts';
import { FaceError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { tell } from '../report/tell.ts';
import { refuseBeside } from './explicit-flags.ts';
import { withInterruption } from './interruption.ts';
import { addModelOptions } from './model-options.ts';
import { addThresholdOptions, checkThresholdFlags } from './threshold-options.ts';
import { withProbes } from './with-probes.ts';

/** Where else a threshold comes from. */
const ELSEWHERE = new Set(['threshold', 'pairs']);

interface VerifyFlags extends ModelFlags, ThresholdFlags {
  readonly gallery?: string;
  readonly align: boolean;
  readonly exitCode: boolean;
  readonly json: boolean;
}

/** `cf verify`. */
export function verifyCommand(): Command {
  const command = new Command('verify')
    .description('Say whether two pictures show one person, with the score and the threshold.')
    .argument('<a>', 'a picture')
    .argument('<b>', 'another one')
    .option(
      '--gallery <path>',
      'pictures of several people whose impostor pairs show the rate: a file of cf embed, or pictures as cf embed takes them',
    )
    .option('--align', 'photographs: find their faces first; the largest and most central one counts', false)
    .option('--flip', 'sum the embeddings of picture and mirror image', false)
    .option('--exit-code', 'exit with 1 where they are different, as git diff does', false)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', EXAMPLES);
  addModelOptions(addThresholdOptions(command));
  return command.action(async (a: string, b: string, flags: VerifyFlags) => {
    checkThresholdFlags(command, flags);
    if (flags.gallery !== undefined)
      refuseBeside(
        command,
        '--gallery',
        (name) => ELSEWHERE.has(name),
        'the threshold is that of one of them.',
      );
    process.exitCode = await withInterruption((signal) => runVerify([a, b], flags, signal));
  });
}

const EXAMPLES = `
The threshold is that of a false accept rate (--far) on pairs of two people: those of --pairs; else of the evaluation of
the run, where it has that rate; else all of --gallery. A rate that the pairs are too few to show is refused.

The exit code is 0 where there is an answer, whatever it is; with --exit-code it is 1 where the answer is "different".

Examples:
  cf verify a.jpg b.jpg --model onnx:backbone.onnx --gallery lfw.safetensors --far 1e-4
  cf verify a.jpg b.jpg --model onnx:backbone.onnx --pairs pairs.txt --data lfw-112 --far 1e-3
  cf verify a.jpg b.jpg --run runs/mine
  cf verify photo-1.jpg photo-2.jpg --align --model onnx:backbone.onnx --threshold 0.4 --exit-code
`;

async function runVerify(
  [first, second]: readonly [string, string],
  flags: VerifyFlags,
  signal: AbortSignal,
): Promise<number> {
  const { flip, align, json, exitCode } = flags;
  const onProblem = ({ message }: { readonly message: string }): void => tell(`skipped: ${message}`);
  const options = { strict: false, onProblem, signal, say: tell };
  return withProbes(flags, async (model, maker) => {
    const [a, b] = [await theProbe(maker, first), await theProbe(maker, second)];
    const people =
      flags.gallery === undefined
        ? undefined
        : await openGallery(flags.gallery, model, { flip, align, score: 'max' }, options);
    const chosen = await chooseThreshold(flags, model, people, options);
    const { same, score } = verifyPair(a.embedding, b.embedding, chosen.threshold);
    if (json) {
      const of = ({ picture, box }: Probe): object => ({ picture, ...(box && { box }) });
      console.log(JSON.stringify({ same, score, ...chosen, a: of(a), b: of(b) }));
    } else {
      const lines = [
        ...(align ? [probeName(a), probeName(b)] : []),
        `${same ? 'same' : 'different'}: score ${score.toFixed(4)} ${same ? '≥' : '<'} ${chosenText(chosen)}`,
      ];
      console.log(lines.map(printable).join('\n'));
    }
    return exitCode && !same ? EXIT.checkFailed : EXIT.ok;
  });
}

/** The picture, or its largest and most central face. @throws UnreadableImageError, FaceError */
async function theProbe(maker: ProbeMaker, picture: string): Promise<Probe> {
  const [probe] = await maker.probesOf(picture);
  if (probe === undefined) throw new FaceError(picture);
  return probe;
}
