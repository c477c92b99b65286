import type { TopLevelSpec } from 'vega-lite';
import { escapeHtml } from '../report/escape-html.ts';
import { type ChartSize, DEFAULT_HEIGHT, DEFAULT_WIDTH, titleLines } from './chart-size.ts';
import { fnv1a } from './fnv1a.ts';
import { CHART_CONFIG } from './style.ts';

/** The title, in as many lines as it needs; says so where there is nothing to draw. */
export function chartTitle(
  text: string,
  hasData: boolean,
  size: ChartSize,
): { text: string[]; subtitle: string } {
  return { text: titleLines(text, size.width ?? DEFAULT_WIDTH), subtitle: hasData ? '' : 'no data' };
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
