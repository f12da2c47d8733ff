import { expect, test } from "@jest/globals";
import { readBuildIds } from "../../src/output/build-id-frames.js";

const id = Uint8Array.from({ length: 20 }, (_, index) => index + 1);
const text = "0102030405060708090a0b0c0d0e0f1011121314";

/** struct bpf_stack_build_id as words. */
function words(status: number, offset: bigint, isLittleEndian: boolean): readonly bigint[] {
  const view = new DataView(new ArrayBuffer(32));
  view.setInt32(0, status, isLittleEndian);
  if (status === 1) for (const [at, byte] of id.entries()) view.setUint8(4 + at, byte);
  view.setBigUint64(24, offset, isLittleEndian);
  return [0, 8, 16, 24].map((at) => view.getBigUint64(at, isLittleEndian));
}

test.each([true, false])("a build id, and an address where there is none (%s)", (isLittle) => {
  const frames = readBuildIds(
    [...words(1, 0x2feb0n, isLittle), ...words(2, 0x7fb3n, isLittle)],
    isLittle,
  );
  expect(frames).toEqual([
    { address: 0x2feb0n, symbol: undefined, buildId: text },
    { address: 0x7fb3n, symbol: undefined },
  ]);
});

test("zeros at the end may be absent", () => {
  expect(readBuildIds(words(1, 0n, true).slice(0, 3), true)).toEqual([
    { address: 0n, symbol: undefined, buildId: text },
  ]);
});
