import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  imageContent,
  imageHeader,
  pictureOfRecord,
  RecordFault,
  recordContent,
  recordOf,
} from './record-format.ts';
import { plainContent, plainRecord } from './testing.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** Contents and records, from a writer in Python that follows dmlc-core's recordio.cc. */
const GOLDEN = [
  ['6162636465', '0a23d7ce050000006162636465000000'],
  ['0a23d7ce', '0a23d7ce000000200a23d7ce00000060'],
  ['616263640a23d7ce0a23d7ce7879', '0a23d7ce04000020616263640a23d7ce000000400a23d7ce0200006078790000'],
  [
    '000000000000404007000000000000000000000000000000ffd8',
    '0a23d7ce1a000000000000000000404007000000000000000000000000000000ffd80000',
  ],
] as const;

/** Bytes among which the magic is common, at places that are a multiple of four and at others. */
const contents = fc
  .array(fc.oneof(fc.constant(hex('0a23d7ce')), fc.uint8Array({ maxLength: 5 })), { maxLength: 12 })
  .map((parts) => Buffer.concat(parts));

describe('records', () => {
  it.each(GOLDEN)('of %s', (content, record) => {
    expect(Buffer.from(recordOf(hex(content))).toString('hex')).toBe(record);
    expect(Buffer.from(recordContent(hex(record))).toString('hex')).toBe(content);
  });

  it('hold what was put into them, also the magic, in the bytes of another writer', () => {
    fc.assert(
      fc.property(contents, fc.uint8Array({ maxLength: 9 }), (content, behind) => {
        const record = recordOf(content);
        expect(Buffer.compare(record, plainRecord(content))).toBe(0);
        expect(record.length % 4).toBe(0);
        expect(Buffer.compare(recordContent(Buffer.concat([record, behind])), content)).toBe(0);
      }),
    );
  });

  it('that are cut off or changed are faults, or hold something; nothing else is thrown', () => {
    fc.assert(
      fc.property(contents, fc.nat(), fc.uint8Array({ maxLength: 4 }), (content, at, other) => {
        const record = Buffer.from(recordOf(content));
        const cut = record.subarray(0, Math.max(0, content.length === 0 ? 7 : 8 + content.length - 1));
        expect(() => recordContent(cut)).toThrow(RecordFault);
        record.set(other.subarray(0, record.length - (at % record.length)), at % record.length);
        try {
          recordContent(record);
        } catch (error) {
          expect(error).toBeInstanceOf(RecordFault);
        }
      }),
    );
  });

  it('have a head with one label, or with several behind it', () => {
    const one = hex(GOLDEN[3][0]);
    expect(imageHeader(one)).toEqual({ flag: 0, label: 3, secondLabel: undefined, bytes: 24 });
    const several = plainContent([5, 0.25, 7], 1, Buffer.from('jpeg'));
    expect(imageHeader(several)).toEqual({ flag: 3, label: 5, secondLabel: 0.25, bytes: 36 });
    expect(Buffer.from(pictureOfRecord(plainRecord(several))).toString()).toBe('jpeg');
    for (const labels of [[4], [4, 9]]) {
      const plain = plainContent(labels.length === 1 ? 4 : labels, 12, Buffer.from('x'));
      expect(Buffer.compare(imageContent(12, labels, Buffer.from('x')), plain)).toBe(0);
    }
  });

  it('with more labels than bytes are faults', () => {
    const content = plainContent(1, 1, Buffer.from('picture'));
    content.writeUInt32LE(0xffffffff, 0);
    expect(() => pictureOfRecord(plainRecord(content))).toThrow(/too short for its 4294967295 labels/);
  });
});
