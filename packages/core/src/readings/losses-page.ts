import { arcFace } from '../losses/arc-face.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { createLoss, LOSS_NAMES } from '../losses/registry.ts';
import { smoothed } from '../losses/smoothed.ts';
import { lossEquations, weightingEquations } from './equations.ts';
import { LOSS_NOTES } from './loss-notes.ts';

const WEIGHTINGS = new Set(['focal', 'ohem', 'self-paced']);

/** The page of equations: Markdown with TeX, printed by the formulas that compute. */
export function lossesPage(): string {
  const sections = LOSS_NAMES.map((name) => {
    const lines = [`## ${name}`, '', LOSS_NOTES[name]!.text];
    const loss = createLoss(name, {}, { classCounts: [1] });
    return [...lines, ...(WEIGHTINGS.has(name) ? weightingLines(name) : lossLines(loss))].join('\n');
  });
  return `${HEADER}\n${whichLossWhen()}\n\n${[...sections, smoothingLines()].join('\n\n')}\n`;
}

/** A line a loss: what its paper shows, and where it was measured to lose. */
function whichLossWhen(): string {
  const rows = LOSS_NAMES.map((name) => {
    const { when, loses } = LOSS_NOTES[name]!;
    return `| [${name}](#${name}) | ${when} | ${loses} |`;
  });
  const head = ['| loss | take it for | where it was measured to lose |', '| --- | --- | --- |'];
  return ['## Which loss when', '', WHEN, '', ...head, ...rows].join('\n');
}

function smoothingLines(): string {
  const { objective } = lossEquations(smoothed(arcFace(), 0.1));
  const text =
    'Szegedy et al. 2016, of every loss of a softmax: ℓ takes the place of −log p, under any weighting. Σ is Σ_{j≠y} e^{z_j}; the sum of the logits is taken in pass 1.';
  return ['## labelSmoothing', '', text, '', ...math('\\ell', objective!)].join('\n');
}

const WHEN = `“There” is FaceX-Zoo’s comparison under one roof: MobileFaceNet trained on MS-Celeb-1M-v1c, rank-1 on MegaFace in
percent, eight of its nine losses, with differences within what settings move. What was measured here is in the README.`;

const HEADER = `# The losses, printed by their own formulas

Every loss is L = G·ℓ, where ℓ = −log p with p = e^{s·T} / (e^{s·T} + Σ e^{s·N}) unless ℓ is given with the loss: T the
target's logit and N that of every other class, before scaling by s. The lines below are the output of the formulas that
compute: the same functions, read with operations that print.
`;

function lossLines(loss: MarginLoss): string[] {
  const equations = lossEquations(loss);
  const lines = ['', ...math('T', equations.target), ...math("T'", equations.targetSlope)];
  if (equations.normSlope !== '0')
    lines.push(...math('\\partial T/\\partial \\lVert x \\rVert', equations.normSlope));
  lines.push(...math('N', equations.negative), ...math("N'", equations.negativeSlope));
  if (equations.regulariser !== undefined) lines.push(...math('\\text{regulariser}', equations.regulariser));
  if (equations.objective !== undefined) lines.push(...math('\\ell', equations.objective));
  for (const [symbol, text] of equations.definitions) lines.push(...math(symbol, text));
  return lines;
}

function weightingLines(name: string): string[] {
  // λ as it is after the first batch, which says it.
  const equations = weightingEquations(createLoss(name, name === 'self-paced' ? { pace: 1 } : {}));
  return ['', ...math('L_i', equations.losses), ...math('\\partial L/\\partial \\ell_i', equations.slope)];
}

function math(left: string, right: string): string[] {
  return ['```math', `${left} = ${right}`, '```'];
}
