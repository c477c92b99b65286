/** Parameters of a loss as somebody has used them. */
export interface LossPreset {
  /** Who, and where. */
  readonly source: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Of MagFace, in the paper and in the code. */
const MAG_FACE = { lowerNorm: 10, upperNorm: 110, lowerMargin: 0.45, upperMargin: 0.8, lambdaG: 35 };

/**
 * Parameters of the papers, and of the code that was released with them, by loss and name: `createLoss('sphereface2', { preset:
 * 'paper' })`. Where `paper` or `release` is missing, the other is all that is known here; where a loss has neither, nobody has
 * tuned it on faces.
 */
export const LOSS_PRESETS: Readonly<Record<string, Readonly<Record<string, LossPreset>>>> = {
  sphereface: { paper: { source: 'Liu et al. 2017, section 4.1', params: { margin: 4 } } },
  cosface: { paper: { source: 'Wang et al. 2018, section 4.1', params: { scale: 64, margin: 0.35 } } },
  arcface: {
    paper: { source: 'Deng et al. 2019, section 3.1', params: { scale: 64, margin: 0.5 } },
    release: {
      source: 'InsightFace, arcface_torch',
      params: { scale: 64, margin: 0.5, beyondPi: 'cosine', gradient: 'straight-through' },
    },
  },
  'combined-margin': {
    paper: { source: 'Deng et al. 2019, table 2', params: { m1: 1, m2: 0.3, m3: 0.2 } },
  },
  'mv-am-softmax': {
    paper: {
      source: 'Wang et al. 2020, section 4',
      params: { scale: 32, margin: 0.35, t: 1.2, easyMargin: false },
    },
    release: { source: 'SV-X-Softmax', params: { scale: 32, margin: 0.35, t: 1.2, easyMargin: true } },
  },
  'mv-arc-softmax': {
    paper: {
      source: 'Wang et al. 2020, section 4',
      params: { scale: 32, margin: 0.5, t: 1.2, easyMargin: false },
    },
    release: { source: 'SV-X-Softmax', params: { scale: 32, margin: 0.35, t: 1.2, easyMargin: true } },
  },
  curricularface: {
    paper: { source: 'Huang et al. 2020, section 3.3', params: { scale: 64, margin: 0.5, alpha: 'paper' } },
    release: { source: 'the authors’ code', params: { scale: 64, margin: 0.5, alpha: 'official' } },
    tface: { source: 'TFace', params: { scale: 64, margin: 0.5, alpha: 'tface' } },
  },
  adaface: { release: { source: 'AdaFace', params: { scale: 64, margin: 0.4, h: 0.333, tAlpha: 0.01 } } },
  magface: {
    paper: {
      source: 'Meng et al. 2021, section 4',
      params: { ...MAG_FACE, easyMargin: false },
    },
    release: { source: 'MagFace', params: { ...MAG_FACE, easyMargin: true } },
  },
  'elastic-arcface': {
    paper: { source: 'Boutros et al. 2022, section 4', params: { scale: 64, margin: 0.5, std: 0.05 } },
    'plus-release': {
      source: 'ElasticFace',
      params: { scale: 64, margin: 0.5, std: 0.0175, plus: 'released' },
    },
  },
  'elastic-cosface': {
    paper: { source: 'Boutros et al. 2022, section 4', params: { scale: 64, margin: 0.35, std: 0.05 } },
    'plus-release': {
      source: 'ElasticFace',
      params: { scale: 64, margin: 0.35, std: 0.02, plus: 'released' },
    },
  },
  adacos: {
    paper: { source: 'Zhang et al. 2019, eq. 15', params: { dynamic: true } },
    fixed: { source: 'Zhang et al. 2019, eq. 11', params: { dynamic: false } },
  },
  'arc-neg': {
    paper: { source: 'Liu et al. 2019, section 4', params: { scale: 64, margin: 0.5, alpha: 1.2, sigma: 2 } },
  },
  npcface: {
    release: { source: 'FaceX-Zoo', params: { scale: 64, margin: 0.5, m0: 0.4, m1: 0.2, t: 1.1, a: 0.2 } },
  },
  circle: {
    paper: {
      source: 'Sun et al. 2020, section 4.1',
      params: { scale: 256, margin: 0.25, gradient: 'straight-through' },
    },
  },
  'sphereface-r': {
    release: { source: 'opensphere', params: { variant: 'v0', scale: 30, margin: 1.5, lossWeight: 50 } },
  },
  'li-arcface': { paper: { source: 'Li et al. 2019, section 4', params: { scale: 64, margin: 0.45 } } },
  'x2-softmax': {
    release: {
      source: 'X2-Softmax',
      params: { scale: 64, a: -0.9, h: 0, k: 0.65, gradient: 'straight-through' },
    },
    paper: {
      source: 'Xu et al. 2023, eq. 6',
      params: { scale: 64, a: -0.9, h: 0, k: 0.65, gradient: 'exact' },
    },
  },
  'dynamic-arcface': {
    paper: { source: 'Ha et al. 2020, section 3.1', params: { a: 0.5, b: 0.05, lambda: 0.25 } },
  },
  sphereface2: {
    paper: {
      source: 'Wen et al. 2022, section 4',
      params: { scale: 40, lambda: 0.7, t: 3, lossWeight: 1 },
    },
    release: {
      source: 'opensphere',
      params: { scale: 40, lambda: 0.7, t: 3, lossWeight: 50 },
    },
    'release-a': {
      source: 'opensphere',
      params: { marginType: 'A', scale: 40, margin: 0.5, lambda: 0.7, t: 3, lossWeight: 50 },
    },
    'release-m': {
      source: 'opensphere',
      params: { marginType: 'M', scale: 40, margin: 1.7, lambda: 0.7, t: 3, lossWeight: 50 },
    },
  },
  uniface: { release: { source: 'UniFace', params: { scale: 64, margin: 0.4, lambda: 1, r: 1 } } },
  focal: { paper: { source: 'Lin et al. 2017, section 4.1', params: { gamma: 2, alpha: 0.25 } } },
  'bce-face': { release: { source: 'UniFace', params: { scale: 64, margin: 0.4, lambda: 1, r: 1 } } },
};
