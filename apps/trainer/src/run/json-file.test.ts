import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { failureOf, temporaryFolder } from '../testing.ts';
import { parseJson, readJson, readKept } from './json-file.ts';

const schema = z.object({ rows: z.array(z.object({ count: z.number() })) });
const form = { schema, expected: 'rows that were counted', fix: 'count them again.' };

describe('readJson', () => {
  it('names a file that is missing or no JSON', async () => {
    const path = join(await temporaryFolder(), 'config.json');
    expect(await failureOf(() => readJson(path))).toMatchObject({ code: 'E_RUN' });
    await writeFile(path, '{"dim": ');
    expect((await failureOf(() => readJson(path))).message).toMatch(/config\.json' \(.*JSON/);
  });
});

describe('readKept', () => {
  it('is what the file holds, or one error that names file, place, what was expected and what helps', async () => {
    const path = join(await temporaryFolder(), 'rows.json');
    await writeFile(path, '{"rows":[{"count":1}]}');
    expect(await readKept(path, form)).toEqual({ rows: [{ count: 1 }] });
    for (const [text, matter] of [
      ['{"rows":[{"count":1},{"count":"2"}]}', 'rows.1.count: .*expected number'],
      ['null', 'all of it: .*expected object'],
      ['{', '.*JSON.*'],
    ] as const) {
      await writeFile(path, text);
      const error = await failureOf(() => readKept(path, form));
      expect(error).toMatchObject({ code: 'E_RUN' });
      expect(error.message).toMatch(new RegExp(`^'.*rows\\.json' \\(${matter}`));
      if (text !== '{')
        expect(error.message).toMatch(/, expected rows that were counted\.?\nFix: count them/);
    }
  });
});

describe('parseJson', () => {
  it('is what the text holds, or what is the matter', () => {
    expect(parseJson(schema, '{"rows":[]}')).toEqual({ value: { rows: [] } });
    expect(parseJson(schema, '[')).toEqual({ matter: expect.stringContaining('JSON') });
    expect(parseJson(schema, '{"rows":{}}')).toEqual({ matter: expect.stringMatching(/^rows: /) });
  });
});
