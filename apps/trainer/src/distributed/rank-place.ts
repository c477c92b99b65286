import { OF_MACHINE, valuesOf } from '../run/config-differences.ts';
import { machineFacts } from '../run/environment.ts';
import type { RunPlace } from '../run/job.ts';
import { dropUntrained, type RunFolder } from '../run/run-folder.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import type { Facts } from './meet.ts';
import { openedBy, scratchFolder } from './scratch-folder.ts';
import type { TrainingRanks } from './training-ranks.ts';

/**
 * Where a rank writes: the first one to the run, the others to a folder of their own that goes when they end, but for their
 * shards of checkpoints. Nothing is made before all ranks have met, and agree on what is trained.
 *
 * @param place as it is without other ranks
 */
export async function placeOnRanks(
  config: TrainConfig,
  place: RunPlace,
  ranks: TrainingRanks,
): Promise<RunPlace> {
  // Now, before pictures are read.
  await ranks.meet({ ...(await versions()), ...choices(config) });
  const open = async (): Promise<RunFolder> => {
    await ranks.meet({});
    const own = ranks.isFirst ? await place.open() : undefined;
    let run = own;
    try {
      const [first] = await ranks.meet({}, own && (await openedBy(own)));
      run ??= await scratchFolder(first!);
      await ranks.meet({});
      return run;
    } catch (error) {
      if (own !== undefined && !place.resume) await dropUntrained(own);
      await run?.release?.();
      throw error;
    }
  };
  return {
    ...place,
    open,
    ranks,
    ...(ranks.isFirst
      ? {}
      : {
          keepChanges: undefined,
          onEvent: undefined,
          // What the run has need not be made again; what is made is the first rank's to keep.
          featuresFrom: place.featuresFrom ?? (config.train === 'embedding' ? place.found : undefined),
        }),
  };
}

async function versions(): Promise<Facts> {
  const { cf, node, onnxruntime } = await machineFacts();
  return { 'version of cf': cf, 'version of Node.js': node, 'version of onnxruntime': onnxruntime };
}

function choices(config: TrainConfig): Facts {
  return Object.fromEntries([...valuesOf(config)].filter(([name]) => !OF_MACHINE.includes(name)));
}
