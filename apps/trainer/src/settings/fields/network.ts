import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { KERNEL_CHOICES } from '../../engines/kernel-choice.ts';
import { MEMORY_CHOICES } from '../../engines/memory-choice.ts';
import { only, setting } from '../setting.ts';
import { ENGINES, ONLY } from '../situation.ts';
import { integer, off, text } from './values.ts';

/** Of a network. */
export const network = {
  ...only(ONLY.network, {
    engine: setting('--engine <name>', z.enum(ENGINES), `${ENGINES.join(' or ')}: what runs the network`, {
      default: ({ engine }) => engine as (typeof ENGINES)[number],
      told: 'onnx; tfjs for tfjs:model.json',
    }),
    dataMemory: setting(
      '--data-memory <size>',
      text().optional(),
      'decoded pictures kept in memory, such as 2GiB',
      { told: 'half of what is free' },
    ),
    dataDisk: setting(
      '--data-disk <size>',
      text().optional(),
      'decoded pictures that do not fit into memory kept on disk, in the run folder until the training ends, such as 20GiB; 0 for none; those without room are decoded again',
      { told: 'a tenth of what is free there' },
    ),
    dataWorkers: setting(
      '--data-workers <n>',
      integer(0, 1024).optional(),
      'threads that read and change pictures ahead of training',
      { told: 'one for two processors; none where all pictures fit and are hardly changed' },
    ),
  }),
  ...only(ONLY.engineOnnx, {
    threads: setting('--threads <n>', integer(1, 1024), 'threads of one operator', {
      default: availableParallelism,
      told: 'the number of processors',
    }),
    kernels: setting(
      '--kernels <name>',
      z.enum(KERNEL_CHOICES).default('auto'),
      `what computes the training on the processor: one of ${KERNEL_CHOICES.join(', ')}; auto takes oneDNN where it is there and knows every layer`,
    ),
    memory: setting(
      '--memory <choice>',
      z.enum(MEMORY_CHOICES).default('normal'),
      `${MEMORY_CHOICES.join(' or ')}: low computes activations again instead of keeping them; what that gives and costs is told`,
    ),
    syncBn: setting(
      '--sync-bn',
      off(),
      'of several ranks: normalisations over the batch see the pictures of all of them, so that ranks train as one process does; of oneDNN',
    ),
    exportType: setting(
      '--export-type <type>',
      z.enum(['float32', 'float16', 'bfloat16']).optional(),
      'numbers of the file that is written; training is in float32',
      { told: 'float32' },
    ),
  }),
};
