import { z } from 'zod';
import { markdownTable } from '../report/text-table.ts';
import { everySetting } from './fields.ts';
import { remarks } from './setting.ts';
import { CONFIG_SCHEMA } from './train-config.ts';

/** The JSON Schema of config.json, as a person may write it: what has one default may be left out. */
export function configJsonSchema(): object {
  return {
    title: 'config.json of cf train',
    ...z.toJSONSchema(CONFIG_SCHEMA, { io: 'input' }),
  };
}

/** The README with its table of flags as it should be. */
export function withFlagsTable(readme: string): string {
  const rows = everySetting().map((one) => [`\`${one.flag}\``, one.help, remarks(one).told, remarks(one).of]);
  const table = markdownTable({ columns: ['flag', 'what', 'default', 'only'], rows }, true);
  return readme.replace(
    /(<!-- flags.*-->\n)[\s\S]*?(<!-- \/flags -->)/,
    (_, open, close) => `${open}\n${table}\n\n${close}`,
  );
}
