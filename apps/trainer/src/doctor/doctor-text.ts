import { styleText } from 'node:util';
import { printable } from '@cf/core';
import { bytesText } from '../settings/byte-size.ts';
import type { Examination } from './examine.ts';
import type { Finding } from './probe.ts';

const COLOURS = {
  proven: 'green',
  absent: 'gray',
  wrong: 'red',
  crashed: 'red',
  slow: 'yellow',
} as const satisfies Readonly<Record<Finding['state'], Parameters<typeof styleText>[0]>>;
const GROUPS = [
  ['provider', 'where networks and heads run (--device)'],
  ['oneDNN', 'what multiplies on the processor (--kernels)'],
  ['backend', 'other ways to compute a head (--head)'],
] as const;

/** What was found, for people. @param inColour whether states have colours */
export function doctorText(
  { machine, findings, absentPackages, chosen, isSound }: Examination,
  inColour: boolean,
): string {
  const { cf, node, onnxruntime, platform, processor, threads, memory, freeMemory } = machine;
  const entries = Object.entries(findings).map(([name, finding]) => ({
    name: name.replace(/^\w+ /, ''),
    kind: name.split(' ')[0],
    finding,
  }));
  const width = Math.max(...entries.map(({ name }) => name.length));
  const lines = [
    `cf ${cf}, Node ${node}, onnxruntime ${onnxruntime}; ${platform}`,
    `${processor}, ${threads} thread${threads === 1 ? '' : 's'}; memory ${bytesText(memory)}, of which ${bytesText(freeMemory)} are free`,
  ];
  for (const [kind, title] of GROUPS) {
    lines.push('', title);
    for (const { name, finding } of entries.filter((one) => one.kind === kind)) {
      const { state, told, fix } = finding;
      const word = state.padEnd(7);
      const coloured = inColour ? styleText(COLOURS[state], word, { validateStream: false }) : word;
      lines.push(`  ${coloured}  ${name.padEnd(width)}  ${printable(told)}`);
      if (fix !== undefined && state !== 'proven') lines.push(`${' '.repeat(width + 13)}→ ${printable(fix)}`);
    }
  }
  if (absentPackages.length > 0)
    lines.push('', 'optional packages that are not installed, and what needs them');
  for (const { name, brings, install } of absentPackages)
    lines.push(`  ${name}: ${brings}`, `    → ${install}`);
  const kernels = chosen.device === 'cpu' ? `, kernels ${chosen.kernels}` : '';
  lines.push('', `cf train --device auto takes ${chosen.device}${kernels}: ${chosen.why.join('; ')}`);
  if (!isSound) lines.push('something that is there computes wrong numbers, or ends its process: see above');
  return lines.join('\n');
}
