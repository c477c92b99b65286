import { z } from 'zod';
import { remarks } from './setting.ts';
import { CONFIG_SCHEMA } from './train-config.ts';
import { everySetting } from './train-flags.ts';

/** The JSON Schema of config.json, as a person may write it: what has one default may be left out. */
export function configJsonSchema(): object {
  return {
    title: 'config.json of cf train',
    ...z.toJSONSchema(CONFIG_SCHEMA, { io: 'input' }),
  };
}

/** The README with its table of flags as it should be. */
export function withFlagsTable(readme: string): string {
  const rows = everySetting().map((one) => {
    const { of, told } = remarks(one);
    return `| \`${one.flag}\` | ${one.help} | ${told} | ${of} |`;
  });
  const table = ['| flag | what | default | only |', '| ---- | ---- | ------- | ---- |', ...rows].join('\n');
  return readme.replace(
    /(<!-- flags.*-->\n)[\s\S]*?(<!-- \/flags -->)/,
    (_, open, close) => `${open}\n${table}\n\n${close}`,
  );
}
