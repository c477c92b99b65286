import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failure } from '../testing.ts';
import { parseFolds, peopleOfFolds } from './folds.ts';
import { formatPairs, parsePairs } from './pairs.ts';
import { parsePeople } from './people.ts';

const lines = (...rows: string[]): string => rows.join('\n');
const PEOPLE = lines('2', '2', 'Ada\t3', 'Bob\t1', '1', 'Cy\t2');
const PAIRS = lines('2\t1', 'Ada\t1\t3', 'Ada\t2\tBob\t1', 'Cy\t1\t2', 'Cy\t1\tDan\t4');

describe('parsePeople', () => {
  it('reads the folds of view 2', () => {
    expect(parsePeople(PEOPLE)).toEqual([
      [
        { name: 'Ada', images: 3 },
        { name: 'Bob', images: 1 },
      ],
      [{ name: 'Cy', images: 2 }],
    ]);
  });

  it('reads a list of view 1 as one fold', () => {
    expect(parsePeople(lines('2', 'Ada\t3', 'Bob\t1'))).toEqual([
      [
        { name: 'Ada', images: 3 },
        { name: 'Bob', images: 1 },
      ],
    ]);
  });

  it('takes any line ending, a byte order mark and blank lines at the end', () => {
    expect(parsePeople(`\uFEFF${PEOPLE.replaceAll('\n', '\r\n')}\r\n\r\n`)).toEqual(parsePeople(PEOPLE));
  });

  it('keeps names that are not ASCII, in one Unicode form', () => {
    const [fold] = parsePeople(`1\n${'José'.normalize('NFD')}\t1`);
    expect(fold![0]!.name).toBe('José'.normalize('NFC'));
  });

  it.each([
    ['', 1, 'the file ends here'],
    ['x', 1, '"x"'],
    ['0', 1, '"0"'],
    ['-1', 1, '"-1"'],
    ['1.5', 1, '"1.5"'],
    ['1\t2', 1, '"1\\t2"'],
    ['2\n1\nAda\t1', 4, 'the file ends here'],
    ['1\n2\nAda\t1', 4, 'the file ends here'],
    ['1\n1\nAda\t1\nBob\t1', 4, '"Bob\\t1"'],
    ['1\n1\nAda', 3, '"Ada"'],
    ['1\n1\nAda\t', 3, '"Ada\\t"'],
    ['1\n1\nAda\tone', 3, '"Ada\\tone"'],
    ['1\n1\nAda\t0', 3, '"Ada\\t0"'],
    ['1\n1\nAda\t1\t2', 3, '"Ada\\t1\\t2"'],
    ['1\n1\n\t1', 3, '"\\t1"'],
    ['1\n1\n..\t1', 3, '"..\\t1"'],
    ['1\n1\n../etc\t1', 3, '"../etc\\t1"'],
    ['1\n2\nAda\t1\n\nBob\t1', 4, '""'],
    ['1\n2\nAda\t1\nAda\t2', 4, "'Ada' again, first in line 3"],
  ])('names file and line of %j', async (text, line, given) => {
    const message = await failure(() => parsePeople(text, 'my/people.txt'));
    expect(message).toContain(`ProtocolFormatError [E_PROTOCOL]: my/people.txt:${line}: ${given}, expected `);
  });
});

describe('parsePairs', () => {
  it('reads the folds of view 2', () => {
    expect(parsePairs(PAIRS)).toEqual({
      source: 'pairs.txt',
      folds: 2,
      pairs: [
        { fold: 0, same: true, a: { name: 'Ada', index: 1 }, b: { name: 'Ada', index: 3 }, line: 2 },
        { fold: 0, same: false, a: { name: 'Ada', index: 2 }, b: { name: 'Bob', index: 1 }, line: 3 },
        { fold: 1, same: true, a: { name: 'Cy', index: 1 }, b: { name: 'Cy', index: 2 }, line: 4 },
        { fold: 1, same: false, a: { name: 'Cy', index: 1 }, b: { name: 'Dan', index: 4 }, line: 5 },
      ],
    });
  });

  it('reads a list of view 1 as one fold', () => {
    const { folds, pairs } = parsePairs(lines('1', 'Ada\t1\t3', 'Ada\t2\tBob\t1'));
    expect([folds, pairs.map(({ fold, same }) => [fold, same])]).toEqual([
      1,
      [
        [0, true],
        [0, false],
      ],
    ]);
  });

  it.each([
    ['', 1, 'the file ends here'],
    ['ten', 1, '"ten"'],
    ['1\t1\t1', 1, '"1\\t1\\t1"'],
    ['1\t0', 1, '"1\\t0"'],
    [PAIRS.replace('Cy\t1\tDan\t4', ''), 5, 'the file ends here'],
    [`${PAIRS}\nEve\t1\t2`, 6, '"Eve\\t1\\t2"'],
    [PAIRS.replace('Ada\t1\t3', 'Ada\t1'), 2, '"Ada\\t1"'],
    [PAIRS.replace('Ada\t1\t3', 'Ada\t1\tBob\t3'), 2, '"Ada\\t1\\tBob\\t3"'],
    [PAIRS.replace('Ada\t1\t3', 'Ada\t0\t3'), 2, '"Ada\\t0\\t3"'],
    [PAIRS.replace('Ada\t1\t3', 'Ada\t3\t3'), 2, '"Ada\\t3\\t3"'],
    [PAIRS.replace('Ada\t1\t3', 'Ada 1 3'), 2, '"Ada 1 3"'],
    [PAIRS.replace('Bob\t1', 'Bob\tx'), 3, '"Ada\\t2\\tBob\\tx"'],
    [PAIRS.replace('Bob\t1', 'Ada\t1'), 3, '"Ada\\t2\\tAda\\t1"'],
  ])('names file and line of %j', async (text, line, given) => {
    const message = await failure(() => parsePairs(text, 'p.txt'));
    expect(message).toContain(`ProtocolFormatError [E_PROTOCOL]: p.txt:${line}: ${given}, expected `);
  });

  it('says which pair of which fold is missing', async () => {
    const message = await failure(() => parsePairs(lines('2\t1', 'Ada\t1\t3', 'Ada\t2\tBob\t1', 'Cy\t1\t2')));
    expect(message).toContain(
      'a mismatched pair as name<tab>picture<tab>other name<tab>picture (1 of 1 of fold 2)',
    );
  });
});

describe('formatPairs', () => {
  it('writes what parsePairs reads', () => {
    expect(formatPairs(parsePairs(PAIRS))).toBe(`${PAIRS}\n`);
    const view1 = lines('1', 'Ada\t1\t3', 'Ada\t2\tBob\t1', '');
    expect(formatPairs(parsePairs(view1))).toBe(view1);
  });

  it('refuses folds that are not balanced', () => {
    const { pairs } = parsePairs(PAIRS);
    expect(() => formatPairs({ folds: 2, pairs: pairs.slice(1) })).toThrow('0 matched pairs in fold 1');
    expect(() => formatPairs({ folds: 1, pairs })).toThrow('1 matched pairs in fold 1, expected 2');
  });
});

describe('parseFolds', () => {
  it('reads numbers and ranges', () => {
    expect(parseFolds('1-9')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(parseFolds('10')).toEqual([10]);
    expect(parseFolds(' 5-7, 1,3 , 6')).toEqual([1, 3, 5, 6, 7]);
    expect(parseFolds('2-2', 2)).toEqual([2]);
  });

  it.each(['', ' ', '1,', 'a', '1-', '-3', '1-2-3', '0', '11', '0-3', '9-11', '7-5', '1.5', '1e1'])(
    'refuses %j',
    async (text) => {
      expect(await failure(() => parseFolds(text))).toContain(
        `[E_OPTION_RANGE]: folds = ${JSON.stringify(text)}`,
      );
    },
  );

  it('reads back what it was given, in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (folds) => {
        expect(parseFolds(folds.join(','), 20)).toEqual([...folds].sort((a, b) => a - b));
      }),
    );
  });
});

describe('peopleOfFolds', () => {
  it('collects the names of the folds, which count from 1', () => {
    const folds = parsePeople(PEOPLE);
    expect([...peopleOfFolds(folds, [1])]).toEqual(['Ada', 'Bob']);
    expect([...peopleOfFolds(folds, [2, 1])]).toEqual(['Cy', 'Ada', 'Bob']);
    expect(() => peopleOfFolds(folds, [3])).toThrow('folds from 1 to 2');
  });
});
