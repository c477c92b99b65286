import { verify } from '@cf/eval';
import { rocSvg } from '@cf/eval/svg';
import type { Outcome } from './compare.ts';

/** A picture of its figures, as a page shows it: how far its size and its name are from what they should be. */
export const outcome: Promise<Outcome> = Promise.resolve({ svg: difference() });

function difference(): number {
  const { roc } = verify({ scores: [0.9, 0.8, 0.7, 0.1], same: [true, false, true, false] });
  document.body.innerHTML = rocSvg({ title: 'ROC', series: [{ name: 'model', roc }] });
  const svg = document.querySelector('svg')!;
  const [curve] = [...svg.querySelectorAll('path')].map((path) => path.getBoundingClientRect()).toReversed();
  const { width } = svg.getBoundingClientRect();
  const isSeen = svg.querySelector('title')?.textContent === 'ROC' && curve!.width > 400;
  return isSeen ? Math.abs(width - 560) : 1;
}
