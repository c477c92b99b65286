import { z } from 'zod';
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
  const head = ['flag', 'what', 'default', 'only'];
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]!.length)));
  const rule = widths.map((width) => '-'.repeat(width));
  const lines = [head, rule, ...rows].map(
    (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`,
  );
  return readme.replace(
    /(<!-- flags.*-->\n)[\s\S]*?(<!-- \/flags -->)/,
    (_, open, close) => `${open}\n${lines.join('\n')}\n\n${close}`,
  );
}
