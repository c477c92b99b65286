import { ProtocolFormatError } from '../errors.ts';
import type { FaceLandmarks, Point } from './face.ts';

const EXPECTED =
  'a path and ten numbers (x and y of eye, eye, nose, mouth corner, mouth corner), or JSON with path and landmarks';

/**
 * Reads a list of landmarks: a line a face, several of one picture one after the other.
 *
 * - `path x1 y1 … x5 y5`, with blanks, tabs or commas between; a path may hold blanks, and may stand in double quotes.
 *   Four numbers more, right behind the path, are a box and are passed over. A line of column names, or a count, as
 *   CelebA's `list_landmarks_align_celeba.txt` has them, may come first.
 * - JSON lines: `{"path": "Ann/1.jpg", "landmarks": [[x1, y1], …, [x5, y5]]}`, or ten numbers in a row.
 *
 * Paths are below the folder of photographs, with `/` or `\` between names. Pixels are those of the upright picture, as
 * its EXIF orientation shows it; the centre of the first one is (0, 0).
 *
 * @returns the faces of each path
 * @throws ProtocolFormatError
 */
export function parseLandmarks(
  text: string,
  source = 'landmarks',
): ReadonlyMap<string, readonly FaceLandmarks[]> {
  const faces = new Map<string, FaceLandmarks[]>();
  let isFirst = 0;
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '') continue;
    const read = line.trimStart().startsWith('{') ? readJson(line) : readColumns(line);
    if (read === undefined) {
      // A count and the names of columns.
      if (faces.size === 0 && isFirst++ < 2 && isHeading(line)) continue;
      throw new ProtocolFormatError(source, index + 1, shortened(line), EXPECTED);
    }
    const path = read.path.replaceAll('\\', '/').replace(/^\.\//, '').normalize('NFC');
    faces.set(path, [...(faces.get(path) ?? []), read.landmarks]);
  }
  if (faces.size === 0) throw new ProtocolFormatError(source, 1, 'no line with landmarks', EXPECTED);
  return faces;
}

interface Read {
  readonly path: string;
  readonly landmarks: FaceLandmarks;
}

function readJson(line: string): Read | undefined {
  try {
    const { path, landmarks } = JSON.parse(line) as { path: unknown; landmarks: unknown };
    const numbers = Array.isArray(landmarks) ? landmarks.flat() : [];
    if (typeof path !== 'string' || path === '' || numbers.length !== 10) return undefined;
    if (!numbers.every((value) => typeof value === 'number' && Number.isFinite(value))) return undefined;
    return { path, landmarks: pointsOf(numbers) };
  } catch {
    return undefined;
  }
}

function readColumns(line: string): Read | undefined {
  const quoted = /^\s*"([^"]+)"[\s,]+(.*)$/.exec(line);
  const columns = (quoted?.[2] ?? line).trim().split(/\s*[,\t]\s*|\s+/);
  const isNumber = (text: string): boolean => /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text);
  let count = 0;
  while (count < columns.length && isNumber(columns[columns.length - 1 - count]!)) count++;
  const least = quoted === null ? 1 : 0;
  // A path of numbers alone, such as 12, is one where there is no other.
  const numbers = columns.slice(columns.length - Math.min(count, columns.length - least)).map(Number);
  if (numbers.length !== 10 && numbers.length !== 14) return undefined;
  const path = quoted?.[1] ?? pathOf(line, columns, numbers.length);
  return path === '' ? undefined : { path, landmarks: pointsOf(numbers.slice(-10)) };
}

/** What stands before the numbers, with the blanks in it as they are. */
function pathOf(line: string, columns: readonly string[], numbers: number): string {
  let rest = line.trimEnd();
  for (const column of columns.slice(columns.length - numbers).reverse()) {
    rest = rest.slice(0, rest.length - column.length).replace(/[\s,]+$/, '');
  }
  return rest.trimStart();
}

function pointsOf(numbers: readonly number[]): FaceLandmarks {
  return [0, 1, 2, 3, 4].map(
    (i): Point => [numbers[2 * i]!, numbers[2 * i + 1]!],
  ) as unknown as FaceLandmarks;
}

function isHeading(line: string): boolean {
  const columns = line.trim().split(/[\s,]+/);
  return columns.length === 1 ? /^\d+$/.test(columns[0]!) : columns.every((name) => !/^[-+.\d]/.test(name));
}

function shortened(line: string): string {
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line);
}
