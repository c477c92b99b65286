import { availableParallelism } from 'node:os';
import { requireChoice } from '@cf/core';
import { Command, InvalidArgumentError, Option } from 'commander';
import { benchScaling } from '../bench/scaling/bench-scaling.ts';
import type { ScalingPlan } from '../bench/scaling/scaling-points.ts';
import { scalingPicture, scalingText } from '../bench/scaling/scaling-text.ts';
import { KERNEL_CHOICES } from '../engines/kernel-choice.ts';
import { startProgress } from '../report/progress.ts';
import { atomicWrite } from '../run/atomic-write.ts';
import { number } from './options.ts';

interface ScalingFlags extends ScalingPlan {
  readonly seconds: number;
  readonly out?: string;
  readonly json: boolean;
}

/** Residual networks: the side of their pictures may be any. */
const MODELS = ['tiny-iresnet', 'iresnet18'] as const;

/** `cf bench scaling`. @param measure the arguments with which Node runs one measurement */
export function scalingCommand(measure: (task: 'head-task' | 'backbone-task') => readonly string[]): Command {
  return new Command('scaling')
    .description(
      'Speed against batch, threads and side of pictures, and of the head against classes and batch.',
    )
    .option('--model <name>', `one of ${MODELS.join(', ')}`, 'tiny-iresnet')
    .addOption(
      new Option('--kernels <name>', 'what computes on the processor')
        .choices(KERNEL_CHOICES)
        .default('auto'),
    )
    .option(
      '--threads <list>',
      'numbers of threads',
      list,
      [1, 2].filter((n) => n <= availableParallelism()),
    )
    .option('--batches <list>', 'pictures a step', list, [1, 2, 4, 8, 16, 32, 64, 128, 256])
    .option('--sides <list>', 'of the pictures, in pixels', list, [32, 48, 64, 80, 96, 112])
    .option('--side-batch <n>', 'pictures a step at every side', number, 16)
    .option('--classes <list>', 'of the head', list, [1000, 3000, 10_000, 30_000, 100_000])
    .option('--head-batch <n>', 'embeddings a step at every number of classes', number, 128)
    .option('--head-batches <list>', 'embeddings a step', list, [8, 32, 128, 512])
    .option('--head-classes <n>', 'of the head at every batch', number, 20_000)
    .option('--dim <n>', 'length of an embedding', number, 512)
    .option('--seconds <n>', 'that a point may take; longer ones are skipped, and told', number, 8)
    .option('--out <file>', 'an SVG picture of it')
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      '\nExamples:\n  cf bench scaling --out scaling.svg\n  cf bench scaling --batches 1,16,256 --sides none --classes none --head-batches none\n',
    )
    .action(async ({ seconds, out, json, ...plan }: ScalingFlags) => {
      requireChoice('model', plan.model, MODELS);
      const lines = plan.batches.length + plan.sides.length + plan.classes.length + plan.headBatches.length;
      const progress = startProgress('scaling', plan.threads.length * lines, 'points');
      const report = await benchScaling(plan, {
        secondsPerPoint: seconds,
        measure: { backbone: measure('backbone-task'), head: measure('head-task') },
        onPoint: (done, _, told) => progress.update(done, told),
      });
      progress.finish();
      if (out !== undefined) await atomicWrite(out, await scalingPicture(report));
      console.log(json ? JSON.stringify(report) : scalingText(report));
    });
}

/** `1,2,4`, or `none`. */
function list(text: string): readonly number[] {
  if (text === 'none') return [];
  return text.split(',').map((part) => {
    const value = number(part);
    if (!Number.isInteger(value) || value < 1)
      throw new InvalidArgumentError('It is no list of positive integers.');
    return value;
  });
}
