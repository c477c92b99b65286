import { type InspectOptions, inspectModel, type ModelInspection } from '@cf/onnx';
import { Command } from 'commander';
import { readModelFile } from '../engines/onnx-file.ts';
import { EXIT } from '../exit-codes.ts';
import { number } from './options.ts';

interface InspectFlags {
  readonly batch: number;
  readonly json: boolean;
  readonly inputName?: string;
  readonly outputName?: string;
  readonly keepShared: boolean;
  readonly freezeUntil?: string;
  readonly freezeBn: boolean;
}

/** `cf inspect`. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description(
      'Tell all about an ONNX file: its layers, what trains, what it costs, and what stands in the way.',
    )
    .argument('<file>', 'model.onnx, or onnx:FILE')
    .option('--batch <n>', 'pictures a batch, for the memory', number, 128)
    .option('--input-name <name>', 'the input for pictures, where there are several')
    .option('--output-name <name>', 'the embedding, where there are several outputs')
    .option('--keep-shared', 'weights that several layers read stay one', false)
    .option('--freeze-until <node>', 'it and all before it stay as they are')
    .option('--freeze-bn', 'normalisations stay as they are', false)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, flags: InspectFlags) => {
      const { batch, inputName, outputName, keepShared, freezeUntil, freezeBn } = flags;
      const options: InspectOptions = {
        batch,
        keepShared,
        freezeBn,
        ...(inputName !== undefined && { input: inputName }),
        ...(outputName !== undefined && { output: outputName }),
        ...(freezeUntil !== undefined && { freezeUntil }),
      };
      const found = inspectModel(await readModelFile(file.replace(/^onnx:/, '')), options);
      console.log(flags.json ? JSON.stringify(found, plain) : asText(found));
      process.exitCode = found.refusals.length === 0 ? EXIT.ok : EXIT.data;
    });
}

const EXAMPLES = `
The exit code is 0 only if the file can train, and ${EXIT.data} otherwise. Nothing but the file is read.

Examples:
  cf inspect backbone.onnx
  cf inspect backbone.onnx --batch 64 --freeze-bn
  cf inspect onnx:backbone.onnx --output-name embedding --json
`;

/** Sizes of a file are 64-bit. */
function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

function asText(found: ModelInspection): string {
  const { totals, memory, trained, frozen, shared, notes, refusals } = found;
  const sections: [string, readonly string[]][] = [
    ['inputs', found.inputs.map((value) => `${value.name}: ${value.type ?? '?'} ${shapeText(value.shape)}`)],
    [
      'outputs',
      found.outputs.map((value) => `${value.name}: ${value.type ?? '?'} ${shapeText(value.shape)}`),
    ],
    [
      `layers (${found.layers.length})`,
      columns(
        ['name', 'operator', 'shape', 'parameters', 'multiply-adds'],
        found.layers.map((layer) => [
          layer.name,
          layer.operator,
          shapeText(layer.shape),
          layer.parameters === 0 ? '' : digits(layer.parameters),
          layer.multiplyAdds === undefined ? '?' : layer.multiplyAdds === 0 ? '' : digits(layer.multiplyAdds),
        ]),
      ),
    ],
    [
      'costs',
      [
        `parameters     ${digits(totals.parameters)}, of which ${digits(totals.trainedParameters)} train`,
        `multiply-adds  ${digits(totals.multiplyAdds)} a picture`,
        `memory         ${megabytes(memory.totalBytes)} to train batches of ${memory.batch}, ${megabytes(memory.activationBytesPerSample)} a picture`,
        `batch          at least ${found.smallestBatch} in training`,
      ],
    ],
    ['pixels', [pixelsText(found)]],
    [
      `trains (${trained.length})`,
      columns(
        ['weight', 'shape', 'layer'],
        trained.map(({ name, dims, layer }) => [name, shapeText(dims), layer]),
      ),
    ],
    [
      `frozen (${frozen.length})`,
      columns(
        ['initializer', 'shape', 'why'],
        frozen.map(({ name, dims, why }) => [name, shapeText(dims), why]),
      ),
    ],
    [`shared (${shared.length})`, shared.map(({ name, nodes }) => `${name}: ${nodes.join(', ')}`)],
    ['done to the file before use', notes.map(({ text }) => text)],
    [`refused (${refusals.length})`, refusals.map(({ text }) => text)],
  ];
  const origin = `opset ${found.opset}${found.producer === '' ? '' : `, by ${found.producer}`}`;
  const verdict = refusals.length === 0 ? 'can train' : 'can not train';
  return [
    origin,
    ...sections
      .filter(([, lines]) => lines.length > 0)
      .map(([title, lines]) => `\n${title}\n${lines.map((line) => `  ${line}`).join('\n')}`),
    `\n${verdict}`,
  ].join('\n');
}

function pixelsText({ pixels }: ModelInspection): string {
  if (pixels.kind === 'metadata') return `as the file says: ${pixels.value}`;
  if (pixels.kind === 'normalised') {
    const [mean, scale] = [pixels.mean, pixels.scale].map((list) =>
      list.map((x) => Number(x.toPrecision(6))).join(', '),
    );
    return `0 to 255; the file itself takes (x - ${mean}) * ${scale} (${pixels.nodes.join(', ')})`;
  }
  if (pixels.kind === 'none') return 'not normalised by the file: say --input insightface, imagenet or raw';
  return 'not known';
}

function columns(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => row[at]!.length)));
  return all.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd(),
  );
}

function shapeText(shape: readonly unknown[] | undefined): string {
  return shape === undefined ? '?' : `[${shape.map((size) => size ?? '?').join(', ')}]`;
}

function digits(count: number): string {
  return count.toLocaleString('en');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toPrecision(3)} MB`;
}
