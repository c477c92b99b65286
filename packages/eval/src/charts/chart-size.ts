/** Outer size of a picture in CSS pixels. */
export interface ChartSize {
  /** 560 if left out. */
  readonly width?: number | undefined;
  /** 320 if left out, 360 for a ROC. */
  readonly height?: number | undefined;
}

/** A picture with two axes, named. */
export interface ChartTitles extends ChartSize {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
}

export const DEFAULT_WIDTH = 560;
export const DEFAULT_HEIGHT = 320;

/** Width of a letter of a title, on average, with some reserve: there is no canvas to measure it. */
const TITLE_LETTER = 9;

/** A title in as many lines as it needs in a picture of this width; words that are longer than a line are broken. */
export function titleLines(text: string, width: number): string[] {
  const length = Math.max(1, Math.floor(width / TITLE_LETTER));
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= length) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.flatMap((line) => line.match(new RegExp(`.{1,${length}}`, 'gu')) ?? ['']);
}
