import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { readCallFrames } from "../../src/dwarf/call-frames.js";
import { DwarfError } from "../../src/dwarf/dwarf-error.js";

const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

/** An entry with its length, padded to eight bytes. */
function entry(id: number, body: readonly number[]): number[] {
  const padding = Array.from({ length: (8 - ((body.length + 8) % 8)) % 8 }, () => 0);
  return [...word(4 + body.length + padding.length), ...word(id), ...body, ...padding];
}

/** Version 1, "zR", code in bytes, data in -8; the CFA is rsp+8, the return address at it and -8. */
const common = entry(0, [1, 0x7a, 0x52, 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1]);

/** Of 0x40 bytes at 0x1000, in a section at 0x2000. */
function functionAt(offset: number, code: readonly number[]): number[] {
  const place = 0x2000 + offset + 8;
  return entry(offset + 4, [...word(0x1000 - place), ...word(0x40), 0, ...code]);
}

function read(bytes: readonly number[] | Uint8Array): unknown {
  const { starts, ruleOf, rules } = readCallFrames({
    ...{ bytes: Uint8Array.from(bytes), address: 0x2000n, byteOrder: "little", wordBits: 64 },
    registers: { stack: 7, frame: 6, returnAddress: 16 },
  });
  return [...starts].map((start, at) => [start, rules[ruleOf[at] ?? -1] ?? "none"]);
}

const rule = (cfa: string, offset: number, framePointer?: number): unknown => ({
  ...{ cfa, offset, framePointer, returnAddress: -8 },
});

test("a function that keeps a frame pointer", () => {
  const code = [
    ...[0x41, 0x0e, 16, 0x86, 2], // after a byte: CFA rsp+16, rbp at it and -16
    ...[0x43, 0x0d, 6], // after three: by rbp
    ...[0x02, 0x30, 0x0a, 0xc6, 0x0c, 7, 8], // after 48, remembered: rbp restored, rsp+8
    ...[0x41, 0x0b], // after one: as remembered
  ];
  expect(read([...common, ...functionAt(common.length, code), ...word(0)])).toEqual([
    [0x1000, rule("stack", 8)],
    [0x1001, rule("stack", 16, -16)],
    [0x1004, rule("frame", 16, -16)],
    [0x1034, rule("stack", 8)],
    [0x1035, rule("frame", 16, -16)],
    [0x1040, "none"],
  ]);
});

test("what cannot be unwound has no rule: the outermost frame, other registers and expressions", () => {
  const code = [
    ...[0x07, 16], // no return address
    ...[0x44, 0x90, 1, 0x0c, 10, 0], // after four: by r10
    ...[0x44, 0x0f, 3, 0x76, 0x78, 0x06], // by what is at rbp and -8
    ...[0x44, 0x0f, 2, 0x77, 0x20], // an expression of another kind
  ];
  expect(read([...common, ...functionAt(common.length, code)])).toEqual([
    [0x1000, "none"],
    [0x1008, rule("behindFrame", -8)],
    [0x100c, "none"],
  ]);
});

test("any bytes are a table, or an error that says where", () => {
  const code = [0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6];
  const whole = [...common, ...functionAt(common.length, code)];
  const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(changes, fc.nat(whole.length), (changed, length) => {
      const bytes = Uint8Array.from(whole);
      for (const [at, byte] of changed) bytes[at] = byte;
      try {
        read(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(DwarfError);
      }
    }),
    { numRuns: 2000 },
  );
});
