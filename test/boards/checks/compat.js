// Programs of 32 bits on a kernel of 64, as old userlands are.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NotApplicable } from "./check.js";

const source = fileURLToPath(new URL("../objects/counter-32.c", import.meta.url));
const program = "/tmp/counter-32";
const script = `uprobe:${program}:add { printf("%d+%d\\n", arg0, arg1) }
uretprobe:${program}:add { printf("=%d\\n", retval); exit(); }`;

/** @type {readonly import("./check.js").Check[]} */
export const compatChecks = [
  {
    name: "uprobe and uretprobe of a 32-bit program",
    needs: ["uprobe"],
    run: async (on) => {
      const { architecture } = on.board;
      if (architecture !== "x86_64" && architecture !== "arm64") {
        throw new NotApplicable(`no other programs than its own run on ${architecture}`);
      }
      await on.machine.shell(`base64 -d >${program} <<end\n${programText()}end`);
      if (architecture === "arm64") {
        const outcome = await on.start("trace", "-e", script).ended;
        assert.match(outcome.errors, /is a 32-bit program or library, in which .* no uprobes/);
        assert.equal(outcome.code, 1);
        return;
      }
      const started = `chmod +x ${program}; ${program} </dev/null >/dev/null 2>&1 & echo $!`;
      const pid = /^\d+$/m.exec(await on.machine.shell(started))?.[0];
      assert.ok(pid !== undefined);
      try {
        assert.match(await on.trace(script), /^[0-7]\+1000\n=100[0-7]$/m);
      } finally {
        await on.machine.shell(`kill ${pid}`);
      }
    },
  },
];

/** The program for the processor's 32 bits, linked for x86, in base64. */
function programText() {
  const folder = mkdtempSync(join(tmpdir(), "sonde-compat-"));
  try {
    const [object, linked] = [join(folder, "object"), join(folder, "program")];
    const compiler = ["--target=i386-linux-gnu", "-O2", "-fno-pic", "-nostdlib"];
    run("clang", ...compiler, "-c", source, "-o", object);
    run("ld", "-m", "elf_i386", "-o", linked, object);
    return readFileSync(linked)
      .toString("base64")
      .replaceAll(/.{1,76}/g, "$&\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(/** @type {string} */ command, /** @type {string[]} */ ...args) {
  const { error, status, stderr } = spawnSync(command, args);
  if (error !== undefined) throw new NotApplicable(`${command} is not installed on this machine`);
  assert.equal(status, 0, stderr.toString());
}
