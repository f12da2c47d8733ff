import { execFileSync } from "node:child_process";
import { expect } from "@jest/globals";
import { x86InstructionBytes } from "../packages/host/src/elf/x86-instruction.js";
import { requiresCommand } from "./support/requires.js";
import { runSonde } from "./support/sonde.js";

const library = "/lib/x86_64-linux-gnu/libc.so.6";

interface Instruction {
  readonly address: number;
  readonly code: Uint8Array;
}

function disassemble(path: string, ...options: readonly string[]): readonly Instruction[] {
  const lines = execFileSync("objdump", ["-dw", "--insn-width=16", ...options, path], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return [...lines.matchAll(/^ +([0-9a-f]+):\t([0-9a-f ]+?) *\t(?!.*\(bad\))/gm)].map(
    ([, address = "", code = ""]) => ({
      address: parseInt(address, 16),
      code: Uint8Array.from(code.split(" "), (byte) => parseInt(byte, 16)),
    }),
  );
}

const onX86 = requiresCommand("objdump", "binutils");

onX86("instructions are as long as objdump says", () => {
  const instructions = disassemble("/bin/dash");
  const wrong = instructions.filter(
    ({ code }) => x86InstructionBytes(Uint8Array.of(...code, 0), 0, 64) !== code.length,
  );
  expect(wrong).toEqual([]);
  expect(instructions.length).toBeGreaterThan(10_000);
});

onX86("a uprobe goes to where an instruction begins, and nowhere else", async () => {
  const [first, ...others] = disassemble(library, "--disassemble=getenv");
  const long = others.find(({ code }) => code.length > 1);
  if (first === undefined || long === undefined) throw new TypeError("objdump shows no getenv");
  const distance = long.address - first.address;
  const check = async (place: string): ReturnType<typeof runSonde> =>
    await runSonde(["trace", "--dry-run", "-e", `uprobe:${library}:${place} {}`]);
  expect(await check(`getenv+${distance}`)).toMatchObject({ code: 0, errors: "" });
  expect(await check(`0x${long.address.toString(16)}`)).toMatchObject({ code: 0, errors: "" });
  for (const place of [`getenv+${distance + 1}`, `0x${(long.address + 1).toString(16)}`]) {
    const { code, errors } = await check(place);
    expect(code).toBe(1);
    expect(errors).toMatch(/Could not add uprobe into middle of instruction: .*libc.so.6:getenv/);
  }
});
