/** What a reader wants to know of a loss beside its equations. */
export interface LossNote {
  /** Paper, and what the symbols beside cos θ stand for. */
  readonly text: string;
  /** When to take it: what its paper shows. */
  readonly when: string;
  /** Where it was measured to lose, and by whom. */
  readonly loses: string;
}

/**
 * MobileFaceNet on MS-Celeb-1M-v1c, MegaFace rank-1 in percent, as FaceX-Zoo measured it under one roof, of its nine the eight that are here: MV-Softmax 90.39,
 * MagFace 89.85, NPCFace 89.13, AM-Softmax 88.92, Circle loss 88.75, ArcFace 88.39, CurricularFace 87.27, AdaCos 82.95.
 */
const zoo = (rank1: number, place: string): string => `${rank1} there, ${place} of eight`;

/** Of every loss of the registry. */
export const LOSS_NOTES: Readonly<Record<string, LossNote>> = {
  softmax: {
    text: 'Logits z = x·w + b, neither normalised nor scaled.',
    when: 'a baseline, and closed sets of classes',
    loses: 'to every margin on identities that it has not seen, in every paper below',
  },
  normface: {
    text: 'Wang et al. 2017.',
    when: 'very small or very noisy data, where any margin may be too large',
    loses: 'to margins on large data, in every margin paper',
  },
  sphereface: {
    text: 'Liu et al. 2017. Logits are scaled by ‖x‖; T_m is the Chebyshev polynomial of m = 4; λ = max(5, 1500/(1 + 0.1·step)).',
    when: 'to repeat the first angular margin',
    loses: 'to CosFace and ArcFace in their papers; without its annealing it does not converge',
  },
  cosface: {
    text: 'Wang et al. 2018; AM-Softmax. `margin` may be a table with one a class.',
    when: 'a plain margin that trains stably',
    loses: zoo(88.92, 'fourth'),
  },
  arcface: {
    text: 'Deng et al. 2019. `margin` may be a table with one a class.',
    when: 'the usual choice for large, clean data; with sub-centers for noisy labels (Deng et al. 2020)',
    loses: zoo(88.39, 'sixth'),
  },
  'combined-margin': {
    text: 'Deng et al. 2019. Printed at m₁ = 1; another m₁ takes cos(m₁θ + m₂).',
    when: 'three margins to tune by hand',
    loses: 'its paper finds no gain over ArcFace on large data',
  },
  'mv-am-softmax': {
    text: 'Wang et al. 2020, with the easy margin of its release.',
    when: 'clean data where hard negatives should count more from the first step',
    loses: 'may fail to converge at the start, which CurricularFace was made against (Huang et al. 2020)',
  },
  'mv-arc-softmax': {
    text: 'Wang et al. 2020, with the easy margin of its release.',
    when: 'clean data where hard negatives should count more from the first step',
    loses: 'to CurricularFace in the paper of that; 90.39 there, first of eight',
  },
  curricularface: {
    text: 'Huang et al. 2020. t ← α·r + (1 − α)·t, r the batch mean of cos θ_y, before it is used.',
    when: 'large networks and long training: easy negatives first, hard ones later',
    loses: `${zoo(87.27, 'seventh')}; here behind ArcFace on LFW from scratch (README)`,
  },
  adaface: {
    text: 'Kim et al. 2022. g = −m·ẑ shifts the angle, g_add = m + m·ẑ is subtracted; ẑ = clip(h·(‖x‖ − μ)/(σ + ε), −1, 1); past c_low or c_high the shifted angle is clipped.',
    when: 'pictures of mixed and low quality',
    loses: 'no gain where all pictures are good (its own high-quality sets)',
  },
  magface: {
    text: 'Meng et al. 2021, with the easy margin of its release.',
    when: 'where ‖x‖ is wanted as a measure of quality',
    loses: 'to AdaFace on low quality (Kim et al. 2022); 89.85 there, second of eight',
  },
  'elastic-arcface': {
    text: 'Boutros et al. 2022. E is drawn for each sample and step.',
    when: 'classes that differ in spread',
    loses: 'gains of its paper are tenths of a point',
  },
  'elastic-cosface': {
    text: 'Boutros et al. 2022. E is drawn for each sample and step.',
    when: 'classes that differ in spread',
    loses: 'gains of its paper are tenths of a point',
  },
  adacos: {
    text: 'Zhang et al. 2019. s starts at √2·ln(C − 1); in training s ← ln(B_avg)/cos(min(π/4, θ_med)) before it is used, B_avg the mean over the batch of Σ_{j≠y} e^{s·cos θ_j} at the scale before.',
    when: 'no scale and no margin to tune',
    loses: `${zoo(82.95, 'last')}; nothing bounds its scale: it falls to 0 with few classes, and runs away where negatives stay near`,
  },
  'arc-neg': {
    text: 'Liu et al. 2019 (ArcNegFace). τ carries no gradient as released; T within it never does.',
    when: 'noisy labels: negatives far above T, which may be the sample’s own class, count less again',
    loses: 'nobody has measured it beside others on one set, that we know',
  },
  npcface: {
    text: 'Zeng et al. 2020. h is the mean cosine of the hard negatives, taken in pass 1; g = m₀ + m₁·h.',
    when: 'hard positives and hard negatives of the same samples',
    loses: zoo(89.13, 'third'),
  },
  circle: {
    text: 'Sun et al. 2020, on classes. The brackets carry no gradient as released.',
    when: 'one form for labels of classes and of pairs',
    loses: `${zoo(88.75, 'fifth')}; a scale of 256 costs float32 digits`,
  },
  'sphereface-r': {
    text: 'Liu et al. 2022, variant v0. Every logit has the slope s as released, whatever its formula.',
    when: 'SphereFace without annealing',
    loses: 'to SphereFace2 in the paper of that',
  },
  'li-arcface': {
    text: 'Li et al. 2019 (AirFace).',
    when: 'small networks and small embeddings: its logits are linear in the angle',
    loses: 'its slope has no bound at cos θ = ±1; compared with ArcFace by its authors only',
  },
  'x2-softmax': {
    text: 'Xu et al. 2023. The slope of the target is 1 as released.',
    when: 'a margin that grows with the angle between classes',
    loses: 'compared by its authors only',
  },
  'dynamic-arcface': {
    text: 'Ha et al. 2020. m_y = a·n_y^−λ + b, n_y the pictures of the class.',
    when: 'a long tail: classes with a few pictures beside classes with hundreds (landmarks, in its paper)',
    loses: 'it is ArcFace where all classes have as many pictures',
  },
  sphereface2: {
    text: 'Wen et al. 2022, margin type C. z_y = s·T + b, z_j = s·N + b; λ_p = λ, λ_n = 1 − λ; the whole is multiplied by w/s.',
    when: 'noisy labels, and classes on many machines: no sum over the classes joins them',
    loses: 'λ, t and the learning rate have to suit the number of classes; no probability comes of it',
  },
  uniface: {
    text: 'Zhou et al. 2023. z_y = s·T − b, z_j = s·N − b, clamped to ±s.',
    when: 'one threshold for all pairs, as verification has it',
    loses: 'its clamp silences the worst positives, from cos θ_y < m − 1 + b/s on',
  },
  'bce-face': {
    text: 'Zhou et al. 2023: as `uniface`, b_j a class.',
    when: 'what UniFace is compared with',
    loses: 'to UniFace in its paper',
  },
  focal: {
    text: 'Lin et al. 2017. ℓ is −log p, w the weight of the sample.',
    when: 'samples of very different difficulty',
    loses: 'behind the margins in Huang et al. 2020; raises mislabelled samples',
  },
  ohem: {
    text: 'Shrivastava et al. 2016: the hardest share of the batch, and the mean over it.',
    when: 'clean data with many easy samples',
    loses: 'behind the margins in Huang et al. 2020; raises mislabelled samples',
  },
  'self-paced': {
    text: 'Kumar et al. 2010, the hard regulariser; λ is the pace, which starts just above the median loss of the first batch.',
    when: 'noisy labels: the hardest samples wait',
    loses: 'behind the margins in Huang et al. 2020; its pace has to be tuned',
  },
};
