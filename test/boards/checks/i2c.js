// What this project was begun for: the kernel's stacks of transfers over i2c, of a board where there are any.
import assert from "node:assert/strict";
import { NotApplicable } from "./check.js";

/** A description of a monitor begins with these eight bytes (VESA E-EDID). */
const monitorHeader = "00ffffffffffff00";

/** @type {readonly import("./check.js").Check[]} */
export const i2cChecks = [
  {
    name: "kernel stacks of i2c_transfer",
    needs: ["kprobe"],
    run: async (on) => {
      const memory = await openMemory(on);
      const { output } = await on.interrupted(
        "trace",
        ["-e", "kprobe:i2c_transfer { print(stack); }"],
        {
          begun: /^Attached 1 probe/m,
          then: async () => {
            const content = await on.machine.shell(`od -An -tx1 -N8 ${memory}`);
            assert.equal(content.replaceAll(/\s/g, ""), monitorHeader);
          },
          isEnough: (text) => readStack.test(text),
        },
      );
      assert.match(output, readStack);
    },
  },
];

/** From the transfer to the system call, by way of the module that reads the memory. */
const readStack =
  /^ +i2c_transfer\+\d+\n(?: +[\w.]+\+\d+\n)* +at24_read\+\d+\n(?: +[\w.]+\+\d+\n)* +vfs_read\+\d+\n/m;

/**
 * The path of a file on the board that is read over i2c: that of what describes the monitor. Throws NotApplicable where
 * there is no bus.
 *
 * @param {import("../board-under-test.js").BoardUnderTest} on
 */
async function openMemory({ board, machine }) {
  const said = await machine.shell("i2c-memory");
  const path = /^\/sys\/.*\/eeprom$/m.exec(said)?.[0];
  if (path !== undefined) return path;
  assert.equal(board.devices, undefined, said);
  const option = await machine.shell("grep -E '^(# )?CONFIG_I2C[= ]' /boot/config-*");
  throw new NotApplicable(`its machine has no i2c: ${option.trim()}; ${said.trim()}`);
}
