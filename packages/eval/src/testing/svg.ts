/** Just enough reading of SVG for tests of pictures. */

/** A text of a picture and where it stands on its line, in CSS pixels of its group. */
export interface PlacedText {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly anchor: string;
}

/** The first reason why a picture is not well formed, or undefined. */
export function svgProblem(svg: string): string | undefined {
  if (/NaN|Infinity|undefined/.test(svg)) return 'a number that is not finite';
  if (/&(?!(amp|lt|gt|quot|#39|#\d+);)/.test(svg)) return 'a bare ampersand';
  const open: string[] = [];
  for (const [tag, closing, name, , selfClosing] of svg.matchAll(
    /<(\/?)([\w-]+)((?:"[^"]*"|[^"<>])*?)(\/?)>/g,
  )) {
    if (closing === '/') {
      if (open.pop() !== name) return `${tag} closes nothing`;
    } else if (selfClosing !== '/') open.push(name!);
  }
  if (open.length > 0) return `<${open[0]}> stays open`;
  return svg.replace(/<(?:"[^"]*"|[^"<>])*>/g, '').includes('<') ? 'a bare <' : undefined;
}

/** Visible texts of the nth group whose class contains `group`. */
export function textsOf(svg: string, group: string, nth = 0): PlacedText[] {
  const start = [...svg.matchAll(new RegExp(`<g class="[^"]*${group}`, 'g'))][nth]?.index;
  if (start === undefined) return [];
  const part = svg.slice(start, svg.indexOf('</g>', start));
  return [
    ...part.matchAll(/<text text-anchor="(\w+)" transform="translate\(([-\d.e]+),([-\d.e]+)\)[^>]*>([^<]*)/g),
  ]
    .filter(([whole]) => !/ opacity="0"/.test(whole))
    .map(([, anchor, x, y, text]) => ({ text: text!, anchor: anchor!, x: Number(x), y: Number(y) }));
}

/** Pairs of texts on one line that overlap, if a letter is as wide as 0.6 of its height, 12 pixels. */
export function overlaps(texts: readonly PlacedText[]): string[] {
  const boxes = texts.map(({ text, x, y, anchor }) => {
    const width = text.length * 12 * 0.6;
    const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
    return { text, y, left, right: left + width };
  });
  return boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter((b) => Math.abs(a.y - b.y) < 12 && a.left < b.right && b.left < a.right)
      .map((b) => `${a.text} | ${b.text}`),
  );
}

/** The `d` of every curve. */
export function linePaths(svg: string): string[] {
  const groups = svg.match(/<g class="mark-line.*?<\/g>/g) ?? [];
  return groups.flatMap((group) => [...group.matchAll(/ d="([^"]*)"/g)].map((match) => match[1]!));
}

/** Pieces of a path, the gaps between them left out. */
export function pieces(path: string): string[] {
  return path.split('M').filter((piece) => piece !== '');
}
