import { rocSvg } from '../svg/curves-of-figures.ts';
import { verify } from '../verification/verify.ts';

/** Shows ROCs of three models with names of several lengths. */
export function show(width: number): void {
  const same = Array.from({ length: 400 }, (_, i) => i % 2 === 0);
  const series = ['CurricularFace', 'ArcFace, four epochs', 'control'].map((name, model) => ({
    name,
    roc: verify({
      scores: same.map((isSame, i) => (isSame ? 1 : 0) + (2 - 0.3 * model) * Math.sin(i * i)),
      same,
    }).roc,
  }));
  document.body.style.margin = '0';
  document.body.innerHTML = rocSvg({ title: 'ROC of three models', series, width });
}

/** What of the picture lies beyond its edges, or over another text. */
export function problems(): string[] {
  const svg = document.querySelector('svg')!;
  const outer = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll('text')].map((text) => ({
    name: text.textContent ?? '',
    box: text.getBoundingClientRect(),
  }));
  const beyond = boxes
    .filter(
      ({ box }) =>
        box.left < outer.left || box.right > outer.right || box.top < outer.top || box.bottom > outer.bottom,
    )
    .map(({ name }) => `beyond the edge: ${name}`);
  const over = boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter(
        (b) =>
          a.box.left < b.box.right &&
          b.box.left < a.box.right &&
          a.box.top + 2 < b.box.bottom &&
          b.box.top + 2 < a.box.bottom,
      )
      .map((b) => `${a.name} over ${b.name}`),
  );
  return [...beyond, ...over];
}

/** Colour of the picture's text where the page's is this one. */
export function inkOn(colour: string): string {
  document.body.style.color = colour;
  return getComputedStyle(document.querySelector('svg text')!).fill;
}
