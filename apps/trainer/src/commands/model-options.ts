import type { Command } from 'commander';
import { DEVICE_CHOICES } from '../engines/device.ts';
import { onnxInput } from '../settings/fields.ts';
import type { Setting } from '../settings/setting.ts';
import { optionsOf } from './train-options.ts';

/** Adds the flags that say what embeds. */
export function addModelOptions(command: Command): Command {
  command
    .option('--model <onnx:FILE>', 'an ONNX backbone, as it is')
    .option('--run <folder>', 'the folder of a training')
    .option('--device <name>', `where the network runs: one of ${DEVICE_CHOICES.join(', ')}`, 'cpu');
  return addFileOptions(command);
}

/** Adds the flags that say how a file of ONNX takes its pictures. */
export function addFileOptions(command: Command): Command {
  for (const one of Object.values<Setting>(onnxInput))
    for (const option of optionsOf(one)) command.addOption(option);
  return command;
}
