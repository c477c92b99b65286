import type { BackboneReport } from '../backbone/report.ts';
import type { EmbeddingReport } from '../embedding/measure-embedding.ts';
import type { HeadReport } from '../head/bench-head.ts';

/** A ratio of one run, or why it has none. Higher is better. */
export interface TakenRatio {
  /** Such as `tiny-iresnet, batch 64: pictures a second over PyTorch's`. */
  readonly name: string;
  readonly ratio: number | undefined;
  /** Why there is none. */
  readonly skipped?: string;
}

/** A command whose report holds ratios of what was measured side by side. */
export interface RatioSource {
  /** Of `cf`, without `--json`. */
  readonly args: readonly string[];
  /** Whether it measures a peer in Python, and has to know which. */
  readonly hasPeer: boolean;
  readonly ratios: (report: never) => readonly TakenRatio[];
  /** Best rate of matrix products in the same run. */
  readonly limitGflopPerSecond: (report: never) => number;
}

const backbone = (model: string, batch: number): RatioSource => ({
  args: `bench backbone --model ${model} --batch ${batch} --runs 3 --rounds 3 --no-layers`.split(' '),
  hasPeer: true,
  ratios: (report: BackboneReport) => {
    const name = `${model}, batch ${batch}`;
    const skipped = 'skipped' in report.peer ? { skipped: report.peer.skipped } : {};
    return [
      { name: `${name}: pictures a second over PyTorch's`, ratio: report.ratioToPeer, ...skipped },
      { name: `${name}: rate over that of a matrix product`, ratio: report.shareOfLimit },
      {
        name: `${name}: PyTorch's peak memory over ours`,
        ratio: report.memoryRatioToPeer,
        ...('skipped' in skipped ? skipped : { skipped: 'the system does not tell memory' }),
      },
    ];
  },
  limitGflopPerSecond: (report: BackboneReport) => report.limitGflopPerSecond,
});

const head = (flags: string): RatioSource => ({
  args: `bench head ${flags}`.split(' '),
  hasPeer: true,
  ratios: (report: HeadReport) => {
    const name = `head, ${report.batch} × ${report.dim} × ${report.classes}`;
    return [
      { name: `${name}: three matrix products over its time`, ratio: 1 / report.ratioToLimit },
      {
        name: `${name}, late: three matrix products over its time`,
        ratio: report.late === null ? undefined : 1 / report.late.ratioToLimit,
        skipped: 'this backend skips nothing',
      },
      ...report.peers.map((peer) => ({
        name: `${name}: time of ${peer.name} over ours`,
        ratio: peer.speedup,
      })),
      ...report.skippedPeers.map((skipped) => ({ name: `${name}: a peer`, ratio: undefined, skipped })),
    ];
  },
  limitGflopPerSecond: ({ batch, dim, classes, subCenters, limitSeconds }: HeadReport) =>
    (6 * batch * dim * classes * subCenters) / limitSeconds / 1e9,
});

const embedding = (name: string, pictures: number): RatioSource => ({
  args: `bench embed --backbone ${name} --pictures ${pictures} --rounds 5`.split(' '),
  hasPeer: false,
  ratios: ({ ratio, threads }: EmbeddingReport) => [
    {
      name: `cf embed, ${name}, ${threads} threads: pictures a second over those of its network alone`,
      ratio,
    },
  ],
  limitGflopPerSecond: (report: EmbeddingReport) => report.limitGflopPerSecond,
});

/** What the committed file of ratios holds. */
export const RATIO_SOURCES: readonly RatioSource[] = [
  backbone('tiny-iresnet', 64),
  backbone('mobilefacenet', 64),
  backbone('iresnet18', 16),
  head('--batch 256 --dim 512 --classes 20000'),
  embedding('mobilefacenet', 600),
];
