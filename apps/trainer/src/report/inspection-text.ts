import { printable } from '@cf/core';
import type { InspectedLayer, ModelInspection } from '@cf/onnx';
import type { FileInspection } from '../engines/inspect-file.ts';
import { INPUT_PRESETS, isUnchanged, pixelText } from '../engines/pixel-form.ts';
import { aboutFile } from '../engines/refusals.ts';
import { alignedLines } from './text-table.ts';

/** Lines of a list that are printed, unless all are asked for. */
const MOST = 24;

/** What `cf inspect` prints. @param all every line of every list */
export function inspectionText(file: string, inspection: FileInspection, all: boolean): string {
  const { found, prepared, refusals } = inspection;
  const { trained, shared, layers } = found;
  const most = all ? Number.POSITIVE_INFINITY : MOST;
  const tensors = trained.map(({ name, dims, layer }) => [name, shapeText(dims), `of ${layer}`]);
  const sections: [string, readonly string[]][] = [
    ['the file', alignedLines(fileRows(inspection))],
    ['what it costs', alignedLines(costRows(found))],
    [`layers (${layers.length} nodes)`, layerLines(layers, most)],
    [`trains (${trained.length})`, shortened(alignedLines(tensors), most)],
    ['frozen', frozenLines(found, most)],
    ['shared', shared.map(({ name, nodes }) => `${name}: ${nodes.join(', ')}`)],
    ['done to the file before use', prepared?.notes ?? found.notes.map(({ text }) => text)],
    ['in the way', refusals.map((text) => aboutFile(file, text))],
  ];
  return [
    ...sections
      .filter(([, lines]) => lines.length > 0)
      .map(([title, lines]) => `${title}\n${lines.map((line) => `  ${printable(line)}`).join('\n')}\n`),
    printable(`${file} ${verdict(inspection)}`),
  ].join('\n');
}

function verdict({ prepared, refusals, wasTried }: FileInspection): string {
  const count = refusals.length;
  if (count > 0) return `can not train, for ${count === 1 ? 'one reason' : `${count} reasons`}`;
  const open = prepared?.arePixelsOpen ? ', once --input says how its pixels are normalised' : '';
  return `can train${open}${wasTried ? '' : ' (no batch was tried: it is large)'}`;
}

function fileRows({ found, prepared }: FileInspection): readonly (readonly string[])[] {
  const text = ({ name, type, shape }: ModelInspection['inputs'][number]): string =>
    `${name}: ${type ?? 'another type'} ${shapeText(shape)}`;
  return [
    ...found.inputs.map((value) => ['input', text(value)]),
    ...found.outputs.map((value) => ['output', text(value)]),
    ['opset', `${found.opset}${found.producer === '' ? '' : `, by ${found.producer}`}`],
    ...(prepared === undefined ? [] : [['pixels', pixelsText(found, prepared)]]),
  ];
}

function pixelsText({ pixels }: ModelInspection, prepared: NonNullable<FileInspection['prepared']>): string {
  if (prepared.arePixelsOpen) {
    const presets = Object.keys(INPUT_PRESETS).join(', ');
    return `not normalised by the file: say --input ${presets}, or --input-mean and --input-std`;
  }
  const { mean = [], scale = [], nodes = [] } = pixels.kind === 'normalised' ? pixels : {};
  const short = (list: readonly number[]): string =>
    [...new Set(list.map((x) => Number(x.toPrecision(4))))].join(', ');
  const own =
    nodes.length === 0
      ? ''
      : `; the file itself takes (x − ${short(mean)}) · ${short(scale)} (${nodes.join(', ')})`;
  const from = pixels.kind === 'metadata' ? ', as its metadata say' : '';
  const form = prepared.pixels;
  return `${isUnchanged(form) ? 'RGB 0 to 255, NCHW' : pixelText(form)}${from}${own}`;
}

function costRows({ totals, memory, smallestBatch }: ModelInspection): readonly (readonly string[])[] {
  const { batch, totalBytes, activationBytesPerSample } = memory;
  return [
    ['parameters', `${digits(totals.parameters)}, of which ${digits(totals.trainedParameters)} train`],
    ['multiply-adds', `${digits(totals.multiplyAdds)} a picture`],
    [
      'memory',
      `${bytes(totalBytes)} to train batches of ${batch}; ${bytes(activationBytesPerSample)} a picture`,
    ],
    ...(smallestBatch > 1
      ? [['batch', `at least ${smallestBatch}: a normalisation sees one value of each picture`]]
      : []),
  ];
}

/** Nodes that hold parameters or multiply; the others are counted. */
function layerLines(layers: readonly InspectedLayer[], most: number): readonly string[] {
  const all = most === Number.POSITIVE_INFINITY || layers.length <= most;
  const listed = all
    ? layers
    : layers.filter(({ parameters, multiplyAdds = 1 }) => parameters > 1 || multiplyAdds > 0);
  const rows = listed.map(({ name, operator, shape, parameters, multiplyAdds }) => [
    name,
    operator,
    shapeText(shape),
    parameters === 0 ? '' : digits(parameters),
    multiplyAdds === undefined ? '?' : multiplyAdds === 0 ? '' : digits(multiplyAdds),
  ]);
  const head = ['name', 'operator', 'shape', 'parameters', 'multiply-adds'];
  const lines = rows.length === 0 ? [] : alignedLines([head, ...rows]);
  const rest = layers.filter((layer) => !listed.includes(layer));
  return [...shortened(lines, most + 1), ...(rest.length === 0 ? [] : [`and ${countsOf(rest)}`])];
}

/** `12 Reshape, 3 Add`, the most frequent first. */
function countsOf(layers: readonly InspectedLayer[]): string {
  const counts = new Map<string, number>();
  for (const { operator } of layers) counts.set(operator, (counts.get(operator) ?? 0) + 1);
  const told = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${count} ${name}`);
  return told.length <= 8 ? told.join(', ') : `${told.slice(0, 8).join(', ')} and others`;
}

/** By reason; what is no number of a layer only where all is asked for. */
function frozenLines({ frozen }: ModelInspection, most: number): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { name, dims, why } of frozen)
    byReason.set(why, [...(byReason.get(why) ?? []), `${name} ${shapeText(dims)}`]);
  const names = most === Number.POSITIVE_INFINITY ? most : 4;
  return [...byReason].map(([why, list]) => {
    const more = list.length > names ? ` and ${list.length - names} more` : '';
    return `${list.length} × ${why}: ${list.slice(0, names).join(', ')}${more}`;
  });
}

function shortened(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most), `… and ${lines.length - most} more: --all prints them`];
}

function shapeText(shape: readonly unknown[] | undefined): string {
  return shape === undefined ? '?' : `[${shape.map((size) => size ?? '?').join(', ')}]`;
}

function digits(count: number): string {
  return count.toLocaleString('en');
}

function bytes(count: number): string {
  return count >= 1e9 ? `${(count / 1e9).toPrecision(3)} GB` : `${(count / 1e6).toPrecision(3)} MB`;
}
