import { createLoss, LOSS_NAMES } from '../losses/registry.ts';
import { lossEquations, weightingEquations } from './equations.ts';

/** Papers, and what the symbols beside cos θ stand for. */
const NOTES: Readonly<Record<string, string>> = {
  softmax: 'Logits z = x·w + b, neither normalised nor scaled.',
  normface: 'Wang et al. 2017.',
  sphereface:
    'Liu et al. 2017. Logits are scaled by ‖x‖; T_m is the Chebyshev polynomial of m = 4; λ = max(5, 1500/(1 + 0.1·step)).',
  cosface: 'Wang et al. 2018; AM-Softmax.',
  arcface: 'Deng et al. 2019.',
  'combined-margin': 'Deng et al. 2019. Printed at m₁ = 1; another m₁ takes cos(m₁θ + m₂).',
  'mv-am-softmax': 'Wang et al. 2020, with the easy margin of its release.',
  'mv-arc-softmax': 'Wang et al. 2020, with the easy margin of its release.',
  curricularface: 'Huang et al. 2020. t ← α·r + (1 − α)·t, r the batch mean of cos θ_y, before it is used.',
  adaface:
    'Kim et al. 2022. g = −m·ẑ shifts the angle, g_add = m + m·ẑ is subtracted; ẑ = clip(h·(‖x‖ − μ)/(σ + ε), −1, 1); past c_low or c_high the shifted angle is clipped.',
  magface: 'Meng et al. 2021, with the easy margin of its release.',
  'elastic-arcface': 'Boutros et al. 2022. E is drawn for each sample and step.',
  'elastic-cosface': 'Boutros et al. 2022. E is drawn for each sample and step.',
  focal: 'Lin et al. 2017. ℓ is −log p, w the weight of the sample.',
  ohem: 'Shrivastava et al. 2016: the hardest share of the batch, and the mean over it.',
  'self-paced': 'Kumar et al. 2010, the hard regulariser; λ is the pace.',
};

const WEIGHTINGS = new Set(['focal', 'ohem', 'self-paced']);

/** The page of equations: Markdown with TeX, printed by the formulas that compute. */
export function lossesPage(): string {
  const sections = LOSS_NAMES.map((name) => {
    const lines = [`## ${name}`, '', NOTES[name] ?? ''];
    return [...lines, ...(WEIGHTINGS.has(name) ? weightingLines(name) : lossLines(name))].join('\n');
  });
  return `${HEADER}\n${sections.join('\n\n')}\n`;
}

const HEADER = `# The losses, printed by their own formulas

Every loss is L = −G(p)·log p with p = e^{s·T} / (e^{s·T} + Σ e^{s·N}), T the target's logit and N that of every other
class, before scaling by s. The lines below are the output of the formulas that compute: the same functions, read with
operations that print.
`;

function lossLines(name: string): string[] {
  const loss = createLoss(name);
  const equations = lossEquations(loss);
  const lines = ['', ...math('T', equations.target), ...math("T'", equations.targetSlope)];
  if (equations.normSlope !== '0')
    lines.push(...math('\\partial T/\\partial \\lVert x \\rVert', equations.normSlope));
  lines.push(...math('N', equations.negative), ...math("N'", equations.negativeSlope));
  if (equations.regulariser !== undefined) lines.push(...math('\\text{regulariser}', equations.regulariser));
  for (const [symbol, text] of equations.definitions) lines.push(...math(symbol, text));
  return lines;
}

function weightingLines(name: string): string[] {
  const equations = weightingEquations(createLoss(name));
  return ['', ...math('L_i', equations.losses), ...math('\\partial L/\\partial \\ell_i', equations.slope)];
}

function math(left: string, right: string): string[] {
  return ['```math', `${left} = ${right}`, '```'];
}
