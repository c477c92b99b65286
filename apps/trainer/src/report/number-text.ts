/** A difference with its sign: `+0.0100`, `−0.0050`; what rounds to 0 has no minus. */
export function signedText(value: number, digits: number = 4): string {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? '−' : '+'}${text}`;
}

/** A p-value: three digits after the point, or where it lies below them; a dash where there is none. */
export function pText(p: number | null | undefined): string {
  if (p == null) return '–';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** A share with one digit after the point: `12.3 %`. */
export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
