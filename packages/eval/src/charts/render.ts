import type { TopLevelSpec } from 'vega-lite';
import { escapeHtml } from '../report/escape-html.ts';
import { CHART_CONFIG } from './style.ts';

/** Outer size of a picture in CSS pixels. */
export interface ChartSize {
  /** 560 if left out. */
  readonly width?: number | undefined;
  /** 320 if left out, 360 for a ROC. */
  readonly height?: number | undefined;
}

export const DEFAULT_WIDTH = 560;
export const DEFAULT_HEIGHT = 320;

/** The title, in as many lines as it needs; says so where there is nothing to draw. */
export function chartTitle(
  text: string,
  hasData: boolean,
  size: ChartSize,
): { text: string[]; subtitle: string } {
  const lettersPerLine = Math.floor((size.width ?? DEFAULT_WIDTH) / TITLE_LETTER);
  return { text: wrap(text, lettersPerLine), subtitle: hasData ? '' : 'no data' };
}

/** Width of a letter of a title, on average, with some reserve: there is no canvas to measure it. */
const TITLE_LETTER = 9;

/** Breaks a text between words, and words that are longer than a line. */
function wrap(text: string, length: number): string[] {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= length) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.flatMap((line) => line.match(new RegExp(`.{1,${length}}`, 'gu')) ?? ['']);
}

/**
 * Compiles a Vega-Lite specification and renders it as SVG, without a DOM or a canvas.
 *
 * @param size - of the whole picture.
 * @param description - what the picture shows, for those who cannot see it.
 */
export async function renderSvg(spec: TopLevelSpec, size: ChartSize, description: string): Promise<string> {
  // Loaded with the first picture: who only wants numbers does not pay for the drawing libraries.
  const { compile, parse, View } = await import('./drawing-libraries.ts');
  const framed: TopLevelSpec = {
    ...spec,
    width: size.width ?? DEFAULT_WIDTH,
    height: size.height ?? DEFAULT_HEIGHT,
    padding: 8,
    background: 'transparent',
    autosize: { type: 'fit', contains: 'padding' },
  };
  const compiled = compile(framed, { config: CHART_CONFIG }).spec;
  const view = new View(parse(compiled), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    return ownIds(svg).replace('<svg ', () => `<svg role="img" aria-label="${escapeHtml(description)}" `);
  } finally {
    view.finalize();
  }
}

/**
 * Vega numbers its ids through the whole process. Here they are named after the picture itself, so that a picture
 * does not depend on those before it, and several of them can stand in one page.
 */
function ownIds(svg: string): string {
  const ids = [...new Set([...svg.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]!))];
  const neutral = replaceIds(svg, ids, (index) => `id${index}`);
  if (ids.length === 0) return neutral;
  const name = fnv1a(neutral);
  return replaceIds(svg, ids, (index) => `c${name}-${index}`);
}

function replaceIds(svg: string, ids: readonly string[], rename: (index: number) => string): string {
  return svg.replace(/( id="|url\(#)([^")]+)/g, (whole, before: string, id: string) => {
    const index = ids.indexOf(id);
    return index < 0 ? whole : before + rename(index);
  });
}

/** Fowler–Noll–Vo hash, 32 bits, in hexadecimal. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let k = 0; k < text.length; k++) hash = Math.imul(hash ^ text.charCodeAt(k), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
