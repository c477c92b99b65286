import type { HeadReport, SmallHead } from './bench-head.ts';
import type { HeadParts } from './measure-parts.ts';
import type { PeerTime } from './peers.ts';

/** A report as lines of text. */
export function formatHead(report: HeadReport): string {
  const share = (value: number | null): string => (value === null ? 'none' : `${(100 * value).toFixed(0)} %`);
  const { late } = report;
  return [
    `${report.loss} on ${report.backend}: batch ${report.batch}, ${report.dim}-d, ${report.classes} classes${report.subCenters === 1 ? '' : ` of ${report.subCenters} centers`}, ${report.threads} threads`,
    `limit   ${milliseconds(report.limitSeconds)} (three matrix products)${report.products === null ? '' : `; the head's are by ${report.products}`}`,
    `init    ${milliseconds(report.medianSeconds)}, ${report.ratioToLimit.toFixed(2)} × the limit; skipped: ${share(report.skippedShare)}`,
    ...(late === null
      ? []
      : [
          `late    ${milliseconds(late.medianSeconds)}, ${late.ratioToLimit.toFixed(2)} × the limit; skipped: ${share(late.skippedShare)}`,
        ]),
    `memory  ${report.peakExtraMiB === null ? 'unknown here' : `${report.peakExtraMiB.toFixed(0)} MiB`}${report.memoryOf === 'tensors' ? ' of tensors' : ''} beyond runtime, X, W and ∂W`,
    ...(report.parts === null ? [] : formatParts(report.parts)),
    ...(report.small === null ? [] : formatSmall(report.small)),
    ...report.peers.map(formatPeer),
    ...report.skippedPeers.map((reason) => `not measured: ${reason}`),
  ].join('\n');
}

function formatParts(parts: HeadParts): string[] {
  const { step, products, normsAndTangents, exponentials, mask, calls, callCount, batch } = parts;
  const line = (name: string, seconds: number, note = ''): string =>
    `  ${name.padEnd(22)}${milliseconds(seconds).padStart(10)}${((100 * seconds) / step).toFixed(0).padStart(5)} %${note}`;
  return [
    `where the ${milliseconds(step)} of a step in \`init\` go:`,
    line('three products', products, ", alone, by onnxruntime, in tiles as the head's"),
    line('norms, tangents', normsAndTangents, ', what its own products take beside'),
    line('exponentials', exponentials, ', the sweep as NormFace has it'),
    line('mask, margins', mask, ', the rest of the sweep'),
    line('calls', calls, `, ${callCount} of the runtime`),
    line('batch in float64', batch, ', with conversions and what waits'),
  ];
}

function formatSmall({ batch, classes, medianSeconds, peers }: SmallHead): string[] {
  return [
    `small   ${milliseconds(medianSeconds)} a step of batch ${batch}, ${classes} classes`,
    ...peers.map((peer) => `        ${formatPeer(peer)}`),
  ];
}

function formatPeer({ name, version, medianSeconds, speedup }: PeerTime): string {
  return `${name} (${version}): ${milliseconds(medianSeconds)}, ${speedup.toFixed(1)} times ours`;
}

function milliseconds(seconds: number): string {
  return `${(1000 * seconds).toFixed(1)} ms`;
}
