import { parentPort, workerData } from 'node:worker_threads';
import { firstLine } from '@cf/core';
import { type RawImage, toTensorNCHW } from '@cf/data';
import type { Device } from '../engines/device.ts';
import { openOnnxNetwork } from '../engines/onnx-network.ts';
import type { PixelForm } from '../engines/pixel-form.ts';

/** What a thread knows from the beginning. */
export interface NetworkStart {
  readonly name: string;
  /** Of the model's file. */
  readonly bytes: Uint8Array;
  readonly pixels: PixelForm;
  readonly device: Device;
}

/** Pictures to embed. */
export interface NetworkRequest {
  readonly pictures: readonly RawImage[];
}

/** What came of it; without pictures, of the opening. */
export type NetworkReply = { readonly rows: Float32Array } | { readonly failure: string };

const port = parentPort!;
const { name, bytes, pixels, device } = workerData as NetworkStart;
const reply = (answer: NetworkReply): void => port.postMessage(answer);

try {
  // The runtime takes no memory that threads share.
  const { run } = await openOnnxNetwork(name, Uint8Array.from(bytes), pixels, device);
  port.on('message', ({ pictures }: NetworkRequest) => {
    run(toTensorNCHW(pictures), pictures.length).then(
      (rows) => reply({ rows }),
      (error: unknown) => reply({ failure: firstLine(error) }),
    );
  });
  reply({ rows: new Float32Array(0) });
} catch (error) {
  reply({ failure: firstLine(error) });
}
