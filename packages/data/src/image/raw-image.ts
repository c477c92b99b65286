/** A decoded picture, 8 bits a channel. */
export interface RawImage {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** 1 is grey, 3 is RGB. */
  readonly channels: 1 | 3;
  /** Row-major and interleaved, `[height, width, channels]`, 0 … 255. */
  readonly data: Uint8Array;
}
