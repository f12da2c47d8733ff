import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { agentWords } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { type Outcome, runSonde } from "../support/sonde.js";
import { writeCommand } from "../support/ssh-server.js";

const tracing = requiresFeature("raw_tracepoint", "ringbuf");

const folder = mkdtempSync(join(tmpdir(), "sonde-boards-"));
const tools = join(folder, "tools");
const board = join(folder, "board");
const home = join(folder, "home");
for (const name of [tools, board, home]) mkdirSync(name);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const agent = `exec ${agentWords} "$@" --socket '${folder}/sock' --idle 1`;

/**
 * A tool that does as adb, docker and kubectl do with these arguments: runs the command line after them, with the board's PATH
 * and home. With other arguments it ends with 64.
 */
function placeTool(name: string, args: readonly string[], shell: "sh -c" | ""): void {
  const expected = [...args, ...(shell === "" ? [] : shell.split(" "))];
  const tests = expected.map((word, index) => `[ "$\{${index + 1}}" = '${word}' ]`).join(" && ");
  writeCommand(
    join(tools, name),
    `[ $# = ${expected.length + 1} ] && ${tests} || { echo "unexpected: $*" >&2; exit 64; }
shift ${expected.length}
HOME='${home}' PATH="${board}:/usr/bin:/bin" exec sh -c "$1"`,
  );
}

async function trace(target: string): Promise<Outcome> {
  const program = 'BEGIN { printf("on the board\\n"); exit(); }';
  return await runSonde(["trace", "-e", program, "-t", target], {
    env: { ...process.env, PATH: `${tools}:/usr/bin:/bin` },
  });
}

const ways = [
  { target: "adb://R58N123", tool: "adb", args: ["-s", "R58N123", "shell", "-T"], shell: "" },
  { target: "adb:", tool: "adb", args: ["shell", "-T"], shell: "" },
  {
    target: "adb://10.0.0.7:5555",
    tool: "adb",
    args: ["-s", "10.0.0.7:5555", "shell", "-T"],
    shell: "",
  },
  { target: "docker://Web_1", tool: "docker", args: ["exec", "-i", "Web_1"], shell: "sh -c" },
  {
    target: "kubectl://web-0",
    tool: "kubectl",
    args: ["exec", "-i", "web-0", "--"],
    shell: "sh -c",
  },
  {
    target: "kubectl://shop/web-0?container=app&context=test",
    tool: "kubectl",
    args: [
      ...["exec", "-i", "--context", "test", "--namespace", "shop", "--container", "app"],
      ...["web-0", "--"],
    ],
    shell: "sh -c",
  },
] as const;

describe("a board that a tool leads to", () => {
  for (const { target, tool, args, shell } of ways) {
    tracing(`is traced as ${target}`, async () => {
      writeCommand(join(board, "sonde-agent"), agent);
      placeTool(tool, args, shell);
      const sonde = await trace(target);
      expect(sonde).toMatchObject({ code: 0, output: expect.stringContaining("on the board") });
    });
  }

  tracing("is traced by the agent of the path that is given", async () => {
    rmSync(join(board, "sonde-agent"), { force: true });
    writeCommand(join(folder, "my agent"), agent);
    placeTool("docker", ["exec", "-i", "web"], "sh -c");
    const sonde = await trace(`docker://web${folder}/my%20agent`);
    expect(sonde).toMatchObject({ code: 0, output: expect.stringContaining("on the board") });
  });

  tracing("is traced by the agent in its user's cache, where none is in PATH", async () => {
    rmSync(join(board, "sonde-agent"), { force: true });
    const place = join(home, ".cache", "sonde-agent");
    mkdirSync(place, { recursive: true });
    writeCommand(join(place, "sonde-agent"), agent);
    placeTool("adb", ["shell", "-T"], "");
    const sonde = await trace("adb:");
    expect(sonde).toMatchObject({ code: 0, output: expect.stringContaining("on the board") });
    rmSync(place, { recursive: true });
  });
});

describe("a board that is not reached", () => {
  test("has no agent", async () => {
    rmSync(join(board, "sonde-agent"), { force: true });
    placeTool("adb", ["shell", "-T"], "");
    const sonde = await trace("adb:");
    expect(sonde.code).toBe(2);
    expect(sonde.errors).toContain("adb:: ended with exit code 127: sonde-agent: not found");
  });

  test("needs a tool that is not installed", async () => {
    rmSync(join(tools, "adb"), { force: true });
    const sonde = await trace("adb://R58N123");
    expect(sonde.code).toBe(2);
    expect(sonde.errors).toContain("adb://R58N123: adb: no such program on this machine");
    expect(sonde.errors).toContain("HINT: install it");
  });

  test("is told of in the tool's own words", async () => {
    writeCommand(join(tools, "adb"), `echo "adb: device unauthorized." >&2; exit 1`);
    const sonde = await trace("adb://R58N123");
    expect(sonde.code).toBe(2);
    expect(sonde.errors).toContain("device unauthorized");
    expect(sonde.errors).toContain("HINT: allow this computer");
  });
});
