/** Between charts, in CSS pixels. */
const GAP = 16;

/** Several charts as one SVG picture, each below the one before it. @param charts what `lineChart` and the like give */
export function stackedCharts(charts: readonly string[]): string {
  let top = 0;
  let widest = 0;
  const placed = charts.map((svg) => {
    const [width, height] = sizeOf(svg);
    const placedAt = svg.replace('<svg ', `<svg y="${top}" `);
    top += height + GAP;
    widest = Math.max(widest, width);
    return placedAt;
  });
  const height = Math.max(0, top - GAP);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${widest}" height="${height}" viewBox="0 0 ${widest} ${height}">${placed.join('')}</svg>`;
}

function sizeOf(svg: string): readonly [number, number] {
  const attribute = (name: string): number =>
    Number(new RegExp(`<svg [^>]*?\\b${name}="([\\d.]+)"`).exec(svg)![1]);
  return [attribute('width'), attribute('height')];
}
