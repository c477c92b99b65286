import { Option } from 'commander';
import { z } from 'zod';
import { everySetting } from '../settings/fields.ts';
import { longFlag, remarks, type Setting } from '../settings/setting.ts';
import { number, several } from './options.ts';

/** The options of `cf train`, made of the table of settings: what is not given has no value, for defaults come later. */
export function trainOptions(): Option[] {
  return everySetting().flatMap((one) => optionsOf(one).map((option) => option.helpGroup(one.title)));
}

/** The options of one setting. */
export function optionsOf(one: Setting): Option[] {
  const { of, told } = remarks(one);
  const notes = [of, told && `default: ${told}`].filter((note) => note !== '');
  const help = notes.length === 0 ? one.help : `${one.help} (${notes.join('; ')})`;
  const option = new Option(one.flag.replace('[no-]', ''), help);
  const { type } = z.toJSONSchema(one.schema);
  if (type === 'number' || type === 'integer') option.argParser(number);
  if (type === 'array') option.argParser(several);
  if (!one.flag.startsWith('--[no-]')) return [option];
  return [option, new Option(one.flag.replace('[no-]', 'no-'), `without ${longFlag(one)}`)];
}
