import { lossOf } from '../settings/loss-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import type { ShardingRanks } from './checkpoint-shards.ts';
import type { Job } from './job.ts';
import type { Subject } from './subject.ts';

/** How the ranks of a job have its class centers between them; undefined for a job of one process. */
export function sharding(
  { config, place: { ranks } }: Pick<Job<TrainConfig>, 'config' | 'place'>,
  { samples }: Pick<Subject, 'samples'>,
): ShardingRanks | undefined {
  return ranks && { communicator: ranks.communicator, bias: lossOf(config, samples).bias?.of };
}
