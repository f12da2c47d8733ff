import { describe, expect, test } from "@jest/globals";
import {
  createConversionFormatter,
  createPrintfFormatter,
} from "../../src/output/format-printf.js";
import { formatBuffer } from "../../src/output/format-buffer.js";
import { type Value } from "../../src/output/value.js";
import { conversion, format, integer, string } from "./support.js";

const large = 0x12345678abcdefn;

describe("createConversionFormatter", () => {
  test.each<[string, bigint, string]>([
    ["%d", 5n, "5"],
    ["%d", -5n, "-5"],
    // What bpftrace prints: without a length an int is taken.
    ["%d", large, "2024525295"],
    ["%x", large, "78abcdef"],
    ["%lld", large, "5124095577148911"],
    ["%ld", -1n, "-1"],
    ["%hd", 0x1_8000n, "-32768"],
    ["%hhd", 0x1ffn, "-1"],
    ["%hhu", 0x1ffn, "255"],
    ["%u", -1n, "4294967295"],
    ["%lu", -1n, "18446744073709551615"],
    ["%zu", 7n, "7"],
    ["%jd", -7n, "-7"],
    ["%td", -7n, "-7"],
    ["%i", 3n, "3"],
    ["%5d|", 3n, "    3"],
    ["%-5d", 3n, "3    "],
    ["%05d", 3n, "00003"],
    ["%05d", -3n, "-0003"],
    ["%-05d", 3n, "3    "],
    ["%+d", 3n, "+3"],
    ["%+d", -3n, "-3"],
    ["% d", 3n, " 3"],
    ["%+5d", 3n, "   +3"],
    ["%.3d", 5n, "005"],
    ["%6.3d", -5n, "  -005"],
    ["%06.3d", 5n, "   005"],
    ["%.0d", 0n, ""],
    ["%x", 255n, "ff"],
    ["%X", 255n, "FF"],
    ["%#x", 255n, "0xff"],
    ["%#X", 255n, "0XFF"],
    ["%#x", 0n, "0"],
    ["%#010x", 255n, "0x000000ff"],
    ["%08llx", 255n, "000000ff"],
    ["%o", 8n, "10"],
    ["%#o", 8n, "010"],
    ["%c", 65n, "A"],
    ["%c", 233n, "\udce9"],
    ["%3c", 65n, "  A"],
    ["%p", 0x5n, "0x5"],
    ["%p", 0n, "0"],
    ["%p", -1n, "0xffffffffffffffff"],
    ["%s", 42n, "42"],
  ])("formats %s of %s", (text, value, expected) => {
    const formatter = createConversionFormatter(conversion(text.replace("|", "")));
    expect(formatter(integer(value))).toBe(expected);
  });

  test.each<[string, Value, string]>([
    ["%s", string("abc"), "abc"],
    ["%6s", string("abc"), "   abc"],
    ["%-6s", string("abc"), "abc   "],
    ["%.2s", string("abc"), "ab"],
    ["%5.2s", string("abc"), "   ab"],
    ["%s", string("abc", true), "abc.."],
    // Widths count bytes, as C's do.
    ["%4s", string("é"), "  é"],
    ["%.1s", string("é"), "\udcc3"],
    ["%s", { kind: "boolean", value: true }, "true"],
    ["%d", { kind: "boolean", value: true }, "1"],
    ["%s", { kind: "pointer", value: 255n }, "0xff"],
    ["%llx", { kind: "pointer", value: 255n }, "ff"],
    ["%s", { kind: "symbol", address: 16n, name: "vfs_read", offset: 4n }, "vfs_read"],
    ["%s", { kind: "symbol", address: 16n, name: undefined, offset: 0n }, "0x10"],
    ["%d", { kind: "symbol", address: 16n, name: "vfs_read", offset: 4n }, "16"],
    ["%8s", { kind: "text", value: "root" }, "    root"],
    ["%s", { kind: "tuple", elements: [integer(1n), string("two"), integer(-3n)] }, "(1, two, -3)"],
    ["%d", string("text"), "text"],
    ["%r", string("a\n\u00e9"), "a\\x0a\\xc3\\xa9"],
    ["%rx", string("ab"), "\\x61\\x62"],
    ["%rh", string("ab"), "61 62"],
  ])("formats %s of a value", (text, value, expected) => {
    expect(createConversionFormatter(conversion(text))(value)).toBe(expected);
  });
});

test("buffers show printable ASCII as it is, at its two ends too", () => {
  expect(formatBuffer(Uint8Array.of(31, 32, 126, 127, 0), "r")).toBe("\\x1f ~\\x7f\\x00");
});

describe("createPrintfFormatter", () => {
  test("puts arguments into their places", () => {
    const formatter = createPrintfFormatter(format("%-3d|%s|%llu\n"));
    expect(formatter([integer(7n), string("x"), integer(1n << 60n)])).toBe(
      "7  |x|1152921504606846976\n",
    );
  });

  test("shows nothing for an argument that is missing", () => {
    expect(createPrintfFormatter(format("a%db%sc"))([integer(1n)])).toBe("a1bc");
  });
});
