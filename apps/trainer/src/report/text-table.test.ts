import { expect, it } from 'vitest';
import { alignedLines, markdownTable } from './text-table.ts';

const TABLE = {
  columns: ['name', 'n'],
  rows: [
    ['a|b', '1'],
    ['two\nlines', '10'],
  ],
};

it('in Markdown, no cell ends its column or its line', () => {
  expect(markdownTable(TABLE)).toBe('| name | n |\n| --- | --- |\n| a\\|b | 1 |\n| two lines | 10 |');
});

it('columns stand below each other where that is asked for', () => {
  expect(markdownTable({ ...TABLE, rows: [['a|b', '1']] }, true)).toBe(
    '| name | n |\n| ---- | - |\n| a\\|b | 1 |',
  );
  expect(alignedLines([TABLE.columns, ['x', '10']])).toEqual(['name  n', 'x     10']);
  expect(alignedLines([TABLE.columns, ['x', '10']], 'padStart')).toEqual(['name   n', '   x  10']);
  expect(alignedLines([])).toEqual([]);
});
