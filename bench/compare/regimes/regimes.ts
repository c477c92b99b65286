import type { Setting } from './training.ts';

/** Where one of the two losses may be ahead. */
export interface Regime {
  readonly name: string;
  /** What is not as in the first regime. */
  readonly changed: string;
  readonly setting: Setting;
}

const PEOPLE = { identities: 200, imagesPerIdentity: 10, difficulty: 0.95, familySize: 1 };
const BASE: Setting = { people: PEOPLE, labelNoise: 0, dim: 16, scale: 32, epochs: 20, curriculum: {} };

const regime = (name: string, changed: string, own: Partial<Setting>): Regime => ({
  name,
  changed,
  setting: { ...BASE, ...own },
});

/** Those of the table in the documentation; p is corrected for their number. */
export const TOLD: readonly Regime[] = [
  regime('base', '–', {}),
  regime('families', 'five share skin, hair, beard and glasses', { people: { ...PEOPLE, familySize: 5 } }),
  regime('alpha-paper', 'α = 0.99', { curriculum: { alpha: 'paper' } }),
  regime('t-0.7', 't = 0.7 throughout', { curriculum: { alpha: 0, tInitial: 0.7 } }),
  regime('scale-16', 's = 16', { scale: 16 }),
  regime('noise-10', '10 % wrong labels', { labelNoise: 0.1 }),
  regime('noise-30', '30 % wrong labels', { labelNoise: 0.3 }),
  regime('noise-30-slow', '30 % wrong labels, a quarter of the learning rate', {
    labelNoise: 0.3,
    rate: 5e-5,
  }),
  regime('noise-30-scale-16', '30 % wrong labels, s = 16', { labelNoise: 0.3, scale: 16 }),
];

/** Those of `--all` beside them. */
const OTHERS: readonly Regime[] = [
  regime('t-1', 't = 1 throughout', { curriculum: { alpha: 0, tInitial: 1 } }),
  regime('alpha-tface', 'α = 0.1', { curriculum: { alpha: 'tface' } }),
  regime('scale-64', 's = 64', { scale: 64 }),
  regime('hard-pictures', 'difficulty 1.5', { people: { ...PEOPLE, difficulty: 1.5 } }),
  regime('easy-pictures', 'difficulty 0.5', { people: { ...PEOPLE, difficulty: 0.5 } }),
  regime('narrow', 'd = 8', { dim: 8 }),
  regime('wide', 'd = 64', { dim: 64 }),
  regime('many-people', '600 people', { people: { ...PEOPLE, identities: 600 } }),
  regime('long', '80 epochs', { epochs: 80 }),
  regime('long-families', 'families of five, 80 epochs, α = 0.1', {
    people: { ...PEOPLE, familySize: 5 },
    epochs: 80,
    curriculum: { alpha: 'tface' },
  }),
];

export const REGIMES: readonly Regime[] = [...TOLD, ...OTHERS];

/** Names of those of `--quick`. */
export const QUICK: readonly string[] = ['base', 'noise-30'];
