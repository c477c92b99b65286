import { z } from 'zod';
import { only, setting } from '../setting.ts';
import { ONLY } from '../situation.ts';
import { integer, off, text } from './values.ts';

/** What is kept of a training while it runs, and when it ends early. */
export const keeping = {
  checkpointEvery: setting(
    '--checkpoint-every <pace>',
    text().optional(),
    'a checkpoint within an epoch too, such as 500steps, 10min or 2h',
    { told: 'after every epoch' },
  ),
  keepCheckpoints: setting(
    '--keep-checkpoints <n>',
    integer(1, 1e6).default(2),
    'how many checkpoints stay, the newest among them; the best one stays beside them',
  ),
  validateEvery: setting(
    '--validate-every <epochs>',
    integer(1, 1e6).optional(),
    'score the pairs every so many epochs; the best checkpoint is kept and becomes the model',
    { told: 'off' },
  ),
  ...only(ONLY.validated, {
    earlyStopping: setting(
      '--early-stopping <n>',
      integer(1, 1e6).optional(),
      'stop when so many scores in a row were no better than the best',
      { told: 'off' },
    ),
  }),
};

/** What a training starts from, in place of random class centers. */
export const start = {
  ...only(ONLY.unstarted, {
    headFrom: setting(
      '--head-from <file>',
      text().optional(),
      'class centers and t of a published PyTorch module, as safetensors: kernel [d, C] or weight [C·K, d], bias, t',
      { told: 'random class centers' },
    ),
  }),
  ...only(ONLY.started, {
    newCenters: setting(
      '--new-centers <start>',
      z.enum(['mean', 'random']).optional(),
      'mean or random: class centers of identities that the earlier run did not have start at the mean embedding of their pictures, or anywhere',
      { told: 'mean' },
    ),
  }),
};

/** Flags of a call of the program, not of the training. */
export const run = {
  out: setting('--out <folder>', text(), 'where everything is written', { told: 'runs/DATE' }),
  ...only(ONLY.embedding, {
    featuresFrom: setting(
      '--features-from <folder>',
      text(),
      'a run with the same backbone, to take the features of its pictures from; those of others are extracted',
    ),
  }),
  initFrom: setting('--init-from <folder>', text(), 'a run to take weights and class centers (by name) from'),
  config: setting(
    '--config <file>',
    text(),
    'a configuration in YAML or JSON, such as config.json of a run; flags beside it win',
  ),
  resume: setting('--resume <folder>', text(), 'continue an interrupted run from its checkpoint'),
  distributed: setting(
    '--distributed <engine>',
    z.enum(['mpi']),
    'mpi: share the classes, and the pictures of each batch, out over the processes that mpirun has started',
  ),
  distributedTimeout: setting(
    '--distributed-timeout <time>',
    text(),
    'how long a rank waits for the others, such as 30s or 10min, before the job ends on all of them',
    { told: '5min' },
  ),
  dryRun: setting(
    '--dry-run',
    off(),
    'tell shapes, parameters, memory, steps and time of the training, after a few steps on noise; write nothing',
  ),
  json: setting(
    '--json',
    off(),
    'print what happens as JSON lines, and nothing else, on the standard output',
  ),
  printSchema: setting('--print-schema', off(), 'print the JSON Schema of config.json, and do nothing else'),
};
