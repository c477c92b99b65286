import { UsageError } from '../errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** `2GiB` as bytes. @throws UsageError for a text that is no amount of memory */
export function byteSize(flag: string, text: string): number {
  if (text.trim() === '0') return 0;
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgt]?i?b)$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
  if (number !== '' && Number.isSafeInteger(bytes)) return bytes;
  throw new UsageError(`${flag} ${text}`, 'a number of bytes', 'say it such as 500MB or 2GiB.');
}

/** Such as `1.5 GiB`. */
export function bytesText(bytes: number): string {
  const [unit, size] =
    bytes < 2 ** 20 ? ['KiB', 2 ** 10] : bytes < 2 ** 30 ? ['MiB', 2 ** 20] : ['GiB', 2 ** 30];
  const amount = bytes / Number(size);
  return `${amount.toFixed(amount < 10 ? 1 : 0)} ${unit}`;
}
