import type { Device } from './device.ts';

/** In the order in which they are tried. */
export const CARDS = ['cuda', 'dml', 'coreml', 'webgpu'] as const satisfies readonly Device[];
export type Card = (typeof CARDS)[number];

/** A card that computes what it should, and how many operations of products it and the processor come to in a second. */
interface ProvenCard {
  readonly own: number;
  readonly processor: number;
}

/** What came of trying a card; `matter` is why it is not taken, where that is to be told. */
export type CardTrial = ProvenCard | { readonly matter?: string };

/** Where `--device auto` runs. */
export interface CardChoice {
  readonly device: Card | 'cpu';
  /** Of the card that is taken: how fast it is. */
  readonly rates?: string;
  /** What is to be told of the cards that were tried before. */
  readonly passedOver: readonly string[];
}

/** The rule of `--device auto`: the first card that computes what it should and multiplies faster than the processor. */
export async function fasterCard(
  cards: readonly Card[],
  tryCard: (card: Card) => CardTrial | Promise<CardTrial>,
): Promise<CardChoice> {
  const passedOver: string[] = [];
  for (const card of cards) {
    const trial = await tryCard(card);
    if ('own' in trial) {
      const rates = `products at ${gigaflops(trial.own)} GFLOP/s beside the processor's ${gigaflops(trial.processor)}`;
      if (trial.own > trial.processor) return { device: card, rates, passedOver };
      passedOver.push(`${card} has ${rates}`);
    } else if (trial.matter !== undefined) passedOver.push(trial.matter);
  }
  return { device: 'cpu', passedOver };
}

/** Operations a second, in billions. */
export function gigaflops(rate: number): string {
  return String(Number((rate / 1e9).toPrecision(3)));
}
