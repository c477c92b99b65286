import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** One event of TensorBoard, of which a file is a list. */
export interface BoardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  /** The first event of a file. */
  readonly isFirst?: boolean;
  /** A session starts at this step: what earlier files have from there on is forgotten. */
  readonly isStart?: boolean;
  /** By their tags. */
  readonly scalars?: Readonly<Record<string, number>>;
}

/** Says that sessions start as {@link BoardEvent} has it. */
const FILE_VERSION = 'brain.Event:2';
/** SessionLog.SessionStatus.START. */
const START = 1;

/** An event in the encoding of `tensorflow/core/util/event.proto`, fields of other names left out. */
export function encodeEvent({ wallTime, step, isFirst, isStart, scalars }: BoardEvent): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Bit64).double(wallTime);
  if (step !== undefined) writer.tag(2, WireType.Varint).int64(step);
  if (isFirst) writer.tag(3, WireType.LengthDelimited).string(FILE_VERSION);
  if (scalars !== undefined) {
    writer.tag(5, WireType.LengthDelimited).fork();
    for (const [tag, value] of Object.entries(scalars)) {
      writer.tag(1, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.LengthDelimited).string(tag);
      writer.tag(2, WireType.Bit32).float(value);
      writer.join();
    }
    writer.join();
  }
  if (isStart) {
    writer.tag(7, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int32(START);
    writer.join();
  }
  return writer.finish();
}
