/** SHA-1 (FIPS 180-4) of at most 119 bytes: what RFC 6455 asks for in a handshake, where nothing depends on its strength. */
export function sha1(message: Uint8Array): Uint8Array {
  const blocks = new DataView(new ArrayBuffer(message.length < 56 ? 64 : 128));
  message.forEach((byte, index) => {
    blocks.setUint8(index, byte);
  });
  blocks.setUint8(message.length, 0x80);
  blocks.setUint32(blocks.byteLength - 4, message.length * 8);
  const digest = new DataView(new ArrayBuffer(20));
  initialState.forEach((word, index) => {
    digest.setUint32(4 * index, word);
  });
  for (let offset = 0; offset < blocks.byteLength; offset += 64) addBlock(digest, blocks, offset);
  return new Uint8Array(digest.buffer);
}

const initialState = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

function addBlock(digest: DataView, blocks: DataView, offset: number): void {
  const words: number[] = [];
  const word = (index: number): number => words[index] ?? 0;
  for (let index = 0; index < 80; index++) {
    words.push(
      index < 16
        ? blocks.getInt32(offset + 4 * index)
        : rotate(word(index - 3) ^ word(index - 8) ^ word(index - 14) ^ word(index - 16), 1),
    );
  }
  let [a, b, c, d, e] = [0, 4, 8, 12, 16].map((at) => digest.getInt32(at)) as Words;
  for (let index = 0; index < 80; index++) {
    const { mixed, constant } = round(index, b, c, d);
    const next = (rotate(a, 5) + mixed + e + constant + word(index)) | 0;
    [a, b, c, d, e] = [next, a, rotate(b, 30), c, d];
  }
  [a, b, c, d, e].forEach((value, index) => {
    digest.setInt32(4 * index, digest.getInt32(4 * index) + value);
  });
}

/** There are as many as offsets are mapped above. */
type Words = [number, number, number, number, number];

function round(
  index: number,
  b: number,
  c: number,
  d: number,
): { mixed: number; constant: number } {
  if (index < 20) return { mixed: (b & c) | (~b & d), constant: 0x5a82_7999 };
  if (index < 40) return { mixed: b ^ c ^ d, constant: 0x6ed9_eba1 };
  if (index < 60) return { mixed: (b & c) | (b & d) | (c & d), constant: 0x8f1b_bcdc };
  return { mixed: b ^ c ^ d, constant: 0xca62_c1d6 };
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
