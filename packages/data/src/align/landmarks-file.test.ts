import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLandmarks } from './landmarks-file.ts';

const POINTS = [
  [69, 109],
  [106, 113],
  [77, 142],
  [73, 152],
  [108, 154],
];
const TEN = POINTS.flat();

describe('parseLandmarks', () => {
  it('reads blanks, commas, tabs, boxes, quotes, JSON and the headings of CelebA', () => {
    const lines = [
      '202599',
      'lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y',
      `000001.jpg  ${TEN.join('  ')}`,
      `Ann/a b.jpg,${TEN.join(',')}`,
      `Ann\\2.jpg\t${TEN.join('\t')}`,
      `Ann/3.jpg 10 20 30.5 -40 ${TEN.join(' ')}`,
      `"Ann/4, really.jpg", ${TEN.join(', ')}`,
      JSON.stringify({ path: './Ann/5.jpg', landmarks: POINTS }),
      JSON.stringify({ path: 'Ann/6.jpg', landmarks: TEN }),
      `12 ${TEN.join(' ')}`,
      '',
    ];
    const faces = parseLandmarks(`\ufeff${lines.join('\r\n')}`);
    expect([...faces.keys()]).toEqual([
      '000001.jpg',
      'Ann/a b.jpg',
      'Ann/2.jpg',
      'Ann/3.jpg',
      'Ann/4, really.jpg',
      'Ann/5.jpg',
      'Ann/6.jpg',
      '12',
    ]);
    for (const list of faces.values()) expect(list).toEqual([POINTS]);
  });

  it('takes several lines of a picture as several faces', () => {
    expect(parseLandmarks(`a ${TEN.join(' ')}\na ${TEN.map((x) => x + 1).join(' ')}`).get('a')).toHaveLength(
      2,
    );
  });

  it('gives back every number that is written', () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 10,
      maxLength: 10,
    });
    fc.assert(
      fc.property(numbers, fc.constantFrom(' ', ',', '\t', ', '), (ten, between) => {
        const read = parseLandmarks(['p q.jpg', ...ten.map(String)].join(between)).get('p q.jpg')![0]!;
        expect(read.flat().map((value) => value + 0)).toEqual(ten.map((value) => value + 0));
      }),
    );
  });

  it('names file and line of what is none', () => {
    const good = `a ${TEN.join(' ')}`;
    for (const bad of [
      `b ${TEN.slice(1).join(' ')}`,
      `b ${TEN.join(' ')} 3`,
      'b 1 2 3 4 5 x 7 8 9 10',
      '{"path": "b", "landmarks": [1, 2]}',
      '{"path": 3, "landmarks": []}',
      '{"path": ',
      TEN.join(' '),
    ]) {
      expect(() => parseLandmarks(`${good}\n${bad}`, 'list.csv'), bad).toThrow('list.csv:2: ');
    }
    expect(() => parseLandmarks('\n \n', 'list.csv')).toThrow('no line with landmarks');
  });
});
