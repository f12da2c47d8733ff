import { execFileSync } from "node:child_process";
import { describe, expect, test } from "@jest/globals";
import { chooseChecksum } from "../../src/board/checksum.js";

const samples = [
  Buffer.alloc(0),
  Buffer.from("a"),
  Buffer.from("The quick brown fox"),
  Buffer.from(Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) & 0xff)),
];

describe("a checksum", () => {
  test.each(["sha256sum", "md5sum", "cksum"])("is what %s prints first", (tool) => {
    const checksum = chooseChecksum(new Set([tool]));
    for (const sample of samples) {
      const printed = execFileSync(tool, { input: sample, encoding: "utf8" });
      expect(checksum?.of(sample)).toBe(printed.split(/\s/)[0]);
    }
  });

  test("is the best that a board can do", () => {
    expect(chooseChecksum(new Set(["cksum", "sha256sum", "md5sum"]))?.tool).toBe("sha256sum");
    expect(chooseChecksum(new Set(["cksum", "md5sum"]))?.tool).toBe("md5sum");
    expect(chooseChecksum(new Set(["tar"]))).toBe(undefined);
  });
});
