import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StepMetrics } from '@cf/training';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing.ts';
import { boardLog, scoreEvent, stepEvent } from './board-log.ts';
import { encodeEvent } from './event.ts';
import { crc32c, tfRecord } from './records.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

it("CRC-32C gives RFC 3720's examples", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
});

it('a record is framed as in the files of TensorFlow', () => {
  // The first record of a file that TensorFlow wrote: "brain.Event:2" at wall time 1.
  const event = encodeEvent({ wallTime: 1, isFirst: true });
  expect(hex(event)).toBe('09000000000000f03f1a0d627261696e2e4576656e743a32');
  const record = tfRecord(event);
  expect(hex(record.subarray(0, 8))).toBe('1800000000000000');
  // The masked checksum of that length, which all files of TensorBoard begin with.
  expect(hex(record.subarray(8, 12))).toBe('a37f4b22');
});

it('scalars and the start of a session are encoded by hand-checked bytes', () => {
  expect(hex(encodeEvent({ wallTime: 2, step: 300, scalars: { a: 0.5 } }))).toBe(
    '090000000000000040' + '10ac02' + '2a0a' + '0a08' + '0a0161' + '150000003f',
  );
  expect(hex(encodeEvent({ wallTime: 2, step: 7, isStart: true }))).toBe(
    '090000000000000040' + '1007' + '3a020801',
  );
});

const METRICS: StepMetrics = {
  step: 3,
  epoch: 1,
  loss: 2,
  learningRate: 0.1,
  gradientNorm: 1,
  imagesPerSecond: 9,
  dataShare: 0,
  meanTargetCosine: 0.25,
  t: null,
  hardShare: null,
  emphasisedShare: null,
  minModulation: null,
  maxModulation: null,
  pastPiShare: null,
  skippedShare: null,
  leftOutShare: null,
};

it('a run that goes on has another file, which says what of the first is forgotten', async () => {
  const folder = await temporaryFolder();
  await boardLog(folder).append([]);
  expect(await readdir(folder)).toEqual([]);
  const first = boardLog(folder);
  await first.append([stepEvent(METRICS), scoreEvent(3, { accuracy: 0.5 })]);
  await first.append([stepEvent({ ...METRICS, step: 4 })]);
  await boardLog(folder, 3).append([stepEvent({ ...METRICS, step: 4, loss: 1 })]);
  const names = (await readdir(folder)).sort();
  expect(names).toHaveLength(2);
  const files = await Promise.all(names.map(async (name) => readEvents(await readFile(join(folder, name)))));
  expect(files[0]!.map(({ step, version, start, scalars }) => ({ step, version, start, scalars }))).toEqual([
    { step: 0, version: 'brain.Event:2', start: false, scalars: {} },
    {
      step: 3,
      version: '',
      start: false,
      scalars: {
        'training/loss': 2,
        'training/mean_target_cosine': 0.25,
        'training/learning_rate': expect.closeTo(0.1, 6),
        'training/gradient_norm': 1,
        'training/images_per_second': 9,
        'training/data_share': 0,
      },
    },
    { step: 3, version: '', start: false, scalars: { 'score/accuracy': 0.5 } },
    expect.objectContaining({ step: 4 }),
  ]);
  expect(files[1]!.map(({ step, start }) => [step, start])).toEqual([
    [0, false],
    [4, true],
    [4, false],
  ]);
});

/** Reads a file with none of what writes it: frames, checksums (bit by bit) and fields by their numbers. */
function readEvents(file: Buffer) {
  const events: { step: number; version: string; start: boolean; scalars: Record<string, number> }[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(maskedBits(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(maskedBits(data));
    at += length + 16;
    const event = { step: 0, version: '', start: false, scalars: {} as Record<string, number> };
    for (const [field, value] of fieldsOf(data)) {
      if (field === 2) event.step = value as number;
      if (field === 3) event.version = String(value);
      if (field === 7) event.start = fieldsOf(value as Buffer).some(([f, v]) => f === 1 && v === 1);
      if (field !== 5) continue;
      for (const [, one] of fieldsOf(value as Buffer)) {
        const parts = new Map(fieldsOf(one as Buffer));
        event.scalars[String(parts.get(1))] = (parts.get(2) as Buffer).readFloatLE(0);
      }
    }
    events.push(event);
  }
  return events;
}

function fieldsOf(data: Buffer): [number, number | Buffer][] {
  const found: [number, number | Buffer][] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = data[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < data.length) {
    const key = varint();
    const kind = key & 7;
    if (kind === 0) found.push([key >> 3, varint()]);
    else {
      const length = kind === 1 ? 8 : kind === 5 ? 4 : varint();
      found.push([key >> 3, data.subarray(at, at + length)]);
      at += length;
    }
  }
  return found;
}

function maskedBits(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const low = (crc ^ (byte >> bit)) & 1;
      crc = (crc >>> 1) ^ (low ? 0x82f63b78 : 0);
    }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
