import { Option } from 'commander';
import { z } from 'zod';
import { everySetting } from '../settings/fields.ts';
import { isSwitch, longFlag, toldDefault } from '../settings/setting.ts';
import { number, several } from './options.ts';

/** The options of `cf train`, made of the table of settings: what is not given has no value, for defaults come later. */
export function trainOptions(): Option[] {
  return everySetting().flatMap((one) => {
    const told = toldDefault(one);
    const option = new Option(
      one.flag.replace('[no-]', ''),
      told === undefined || isSwitch(one) ? one.help : `${one.help} (default: ${told})`,
    );
    const parse = PARSERS[String(z.toJSONSchema(one.schema).type)];
    if (parse !== undefined) option.argParser(parse);
    const both = one.flag.startsWith('--[no-]');
    const off = new Option(one.flag.replace('[', '').replace(']', ''), `without ${longFlag(one)}`);
    return [option, ...(both ? [off] : [])].map((each) => each.helpGroup(one.title));
  });
}

const PARSERS: Readonly<Record<string, (text: string, before: never) => unknown>> = {
  number,
  integer: number,
  array: several,
};
