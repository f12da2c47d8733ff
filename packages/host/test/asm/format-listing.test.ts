import { expect, test } from "@jest/globals";
import { formatListing } from "../../src/asm/disassemble/format-listing.js";

test("a listing reads as the kernel's verifier log, with the names of labels, maps and helpers", () => {
  const listing = formatListing([
    {
      kind: "alu",
      operation: "mov",
      width: 64,
      destination: 6,
      source: { kind: "register", register: 1 },
    },
    {
      kind: "alu",
      operation: "arsh",
      width: 32,
      destination: 6,
      source: { kind: "immediate", value: 3 },
    },
    { kind: "negate", width: 64, destination: 6 },
    { kind: "swap", to: "big", bits: 32, destination: 6 },
    { kind: "load64", destination: 2, value: 0x1_0000_0000n },
    { kind: "loadMap", destination: 1, map: "events" },
    { kind: "loadMap", destination: 2, map: "loss", valueOffset: 8 },
    { kind: "label", name: "again" },
    { kind: "load", size: 4, destination: 1, base: 10, offset: -8 },
    {
      kind: "store",
      size: 1,
      base: 10,
      offset: -1,
      source: { kind: "immediate", value: -1 },
    },
    { kind: "atomicAdd", size: 8, base: 2, offset: 0, source: 1 },
    { kind: "atomicExchange", size: 8, base: 2, offset: 0, register: 1 },
    {
      kind: "jumpIf",
      condition: "slt",
      width: 32,
      left: 1,
      right: { kind: "register", register: 6 },
      target: "again",
    },
    { kind: "jump", target: "again" },
    { kind: "call", helper: 14 },
    { kind: "call", helper: 9999 },
    { kind: "exit" },
  ]);
  expect(listing).toBe(`\
  r6 = r1
  w6 s>>= 3
  r6 = -r6
  r6 = be32 r6
  r2 = 0x100000000 ll
  r1 = map[events]
  r2 = map_value[loss] +8
again:
  r1 = *(u32 *)(r10 -8)
  *(u8 *)(r10 -1) = -1
  lock *(u64 *)(r2 +0) += r1
  r1 = xchg *(u64 *)(r2 +0), r1
  if w1 s< w6 goto again
  goto again
  call get_current_pid_tgid#14
  call helper#9999
  exit
`);
});
