import { requireInteger } from '@cf/core';
import { Command } from 'commander';
import { type FileInspection, inspectFile } from '../engines/inspect-file.ts';
import type { FileSettings } from '../engines/onnx-file.ts';
import { EXIT } from '../exit-codes.ts';
import { inspectionText } from '../report/inspection-text.ts';
import { checkSection } from '../settings/check-config.ts';
import { onnxInput } from '../settings/fields.ts';
import { addFileOptions } from './model-options.ts';
import { number } from './options.ts';

interface InspectFlags extends FileSettings {
  readonly batch: number;
  readonly json: boolean;
  readonly all: boolean;
  readonly freezeUntil?: string;
  readonly freezeBn: boolean;
}

/** `cf inspect`. */
export function inspectCommand(): Command {
  const command = new Command('inspect')
    .description(
      'Tell all about an ONNX file: its layers, what trains, what it costs, and what stands in the way.',
    )
    .argument('<file>', 'model.onnx, or onnx:FILE')
    .option('--batch <n>', 'pictures a batch, for the memory', number, 128)
    .option('--freeze-until <node>', 'it and all before it stay as they are')
    .option('--freeze-bn', 'normalisations stay as they are', false)
    .option('--all', 'every layer and weight, however many', false)
    .option('--json', 'print one JSON object with all of it', false)
    .addHelpText('after', EXAMPLES);
  return addFileOptions(command).action(async (argument: string, flags: InspectFlags) => {
    const { batch, freezeUntil, freezeBn, all, json } = flags;
    requireInteger('batch', batch, 1, 65536);
    const file = argument.replace(/^onnx:/, '');
    const settings = checkSection(onnxInput, flags);
    const inspection = await inspectFile(file, { ...settings, batch, freezeUntil, freezeBn });
    console.log(json ? asJson(inspection) : inspectionText(file, inspection, all));
    process.exitCode = inspection.refusals.length === 0 ? EXIT.ok : EXIT.data;
  });
}

const EXAMPLES = `
Nothing but the file, with its weights beside it, is read, and nothing is written. A batch is tried, forward and back, where nothing is in the way.
The exit code is ${EXIT.ok} only if the file can train, ${EXIT.data} if it can not or is no ONNX file, ${EXIT.usage} for wrong flags.

Examples:
  cf inspect backbone.onnx
  cf inspect backbone.onnx --batch 64 --freeze-bn
  cf inspect onnx:backbone.onnx --output-name embedding --json
`;

function asJson({ found, prepared, refusals, wasTried }: FileInspection): string {
  const pixels = prepared === undefined ? found.pixels : { ...found.pixels, form: prepared.pixels };
  const all = {
    ...found,
    pixels,
    notes: prepared?.notes ?? found.notes.map(({ text }) => text),
    refusals,
    wasTried,
  };
  return JSON.stringify(all, plain);
}

/** Sizes of a file are 64-bit. */
function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
