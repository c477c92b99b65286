/** A verification set as Python pickles it (protocol 4), but for references and frames: pictures, and a flag for every two. */
export function verificationBin(pictures: readonly Uint8Array[], flags: readonly boolean[]): Buffer {
  const bytes = pictures.map((picture) => {
    const head = Buffer.alloc(5);
    head[0] = 0x42;
    head.writeUInt32LE(picture.length, 1);
    return Buffer.concat([head, picture]);
  });
  const list = (items: readonly Uint8Array[]): Buffer =>
    Buffer.concat([Buffer.of(0x5d, 0x28), ...items, Buffer.of(0x65)]);
  const truths = flags.map((flag) => Buffer.of(flag ? 0x88 : 0x89));
  return Buffer.concat([Buffer.of(0x80, 4), list(bytes), list(truths), Buffer.of(0x86, 0x2e)]);
}
