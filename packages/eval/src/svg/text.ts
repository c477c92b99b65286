import { escapeHtml } from '../report/escape-html.ts';

/** Height of letters beside axes and in legends, in CSS pixels. */
export const LETTER = 12;

/** Where a text stands and how. */
export interface TextPlace {
  readonly x: number;
  /** Its base line. */
  readonly y: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** What else the element says, as attributes. */
  readonly attributes?: string;
}

/** A `<text>` element in the colour of the page's text. */
export function textElement(text: string, { x, y, anchor = 'start', attributes = '' }: TextPlace): string {
  const anchored = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${pixels(x)}" y="${pixels(y)}"${anchored}${attributes}>${escapeHtml(text)}</text>`;
}

/** A coordinate to a hundredth of a CSS pixel. */
export function pixels(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** About how wide a text of digits and small letters is, in CSS pixels: nothing measures it without a canvas. */
export function widthOf(text: string): number {
  return 0.6 * LETTER * text.length;
}

/** The text, or its beginning and an ellipsis where it is wider than `width`. */
export function fitted(text: string, width: number): string {
  const letters = Math.max(1, Math.floor(width / (0.6 * LETTER)));
  const points = Array.from(text);
  return points.length <= letters ? text : `${points.slice(0, letters - 1).join('')}…`;
}
