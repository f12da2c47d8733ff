import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { heldBy, leftInKernel } from "../support/kernel-objects.js";
import { isMicroTested, isRunning, until } from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { interrupt, type Outcome, runSonde, startAttached, startSonde } from "../support/sonde.js";
import { SshServer, writeCommand } from "../support/ssh-server.js";
import { onlyOneUses } from "../support/only-one.js";

onlyOneUses("agent-place");
const overSsh = requiresCommand(
  "sshd",
  "openssh-server",
  "tracepoint",
  "raw_tracepoint",
  "ringbuf",
);
const onBusybox = requiresCommand("busybox", "busybox", "raw_tracepoint", "ringbuf");

// The tests are left out for others, which their gates say.
const isRoot = process.getuid?.() === 0;
const place = `/tmp/sonde-agent-${process.getuid?.() ?? 0}`;
const meeting = "/run/sonde";

let server: SshServer;
let target = "";
beforeAll(async () => {
  if (!isRoot) return;
  server = await SshServer.start();
  target = `ssh://127.0.0.1:${server.port}`;
  await sonde("agent", "remove", "-t", target, "--force");
});
afterAll(() => {
  if (isRoot) server.stop();
});

async function sonde(...args: string[]): Promise<Outcome> {
  return await runSonde(args, { env: server.environment, limitMilliseconds: 60_000 });
}

/** Whichever agent is tested. */
async function pushNodeAgent(board: string): Promise<Outcome> {
  return await runSonde(["agent", "push", "-t", board], {
    env: { ...server.environment, SONDE_AGENT: "node" },
    limitMilliseconds: 60_000,
  });
}

/** The agents that `connect` has started for the default socket. */
function relayAgents(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && commandOf(name).includes(`--relay ${meeting}/`))
    .map(Number)
    .filter(isRunning);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // It has ended since the folder was read.
    return "";
  }
}

/** Neither files nor sockets nor processes. */
async function expectNothingLeft(): Promise<void> {
  expect(await until(() => relayAgents().length === 0, 10_000)).toBe(true);
  expect(existsSync(place)).toBe(false);
  expect(existsSync(`${place}.new`)).toBe(false);
  expect(existsSync(meeting)).toBe(false);
}

const program =
  'tracepoint:syscalls:sys_enter_openat { @[comm] = count(); } BEGIN { printf("hello\\n"); }';
const short = ["trace", "-e", 'BEGIN { printf("hello\\n"); exit(); }'];

describe("an agent that is put on a board over ssh", () => {
  overSsh("is found by traces, and leaves nothing behind once it is removed", async () => {
    const pushed = await sonde("agent", "push", "-t", target);
    expect(pushed).toMatchObject({ code: 0, errors: "" });
    expect(pushed.output).toMatch(
      isMicroTested
        ? /^sonde-agent \S+, micro, \w+: in \/tmp\/sonde-agent-\d+ \(\d+ kB sent\)\n$/
        : /^sonde-agent \S+ for Node, \w+, \w+: in \/tmp\/sonde-agent-\d+ \(\d+ kB sent\)\n$/,
    );

    const trace = await startAttached(["-t", target, "-e", program], { env: server.environment });
    await trace.prints(/hello/);
    const [agent = 0] = relayAgents();
    const held = heldBy(agent);
    expect(held.size).toBeGreaterThan(2);
    expect((await sonde("agent", "status", "-t", target)).output).toContain("is running");
    const refused = await sonde("agent", "stop", "-t", target);
    expect(refused).toMatchObject({ code: 3, errors: expect.stringContaining("1 other sessions") });
    expect((await interrupt(trace)).code).toBe(130);

    expect((await sonde("agent", "remove", "-t", target)).output).toBe(`removed ${place}\n`);
    await expectNothingLeft();
    expect(await leftInKernel(held)).toEqual([]);
    expect((await sonde("agent", "remove", "-t", target)).output).toBe("nothing was there\n");
    const without = await sonde(...short, "-t", target);
    expect(without.code).toBe(2);
    expect(without.errors).toContain(
      `HINT: put an agent there with: sonde agent push -t ${target}`,
    );
  });

  overSsh("is not sent again when it is there, but when it is damaged", async () => {
    await sonde("agent", "push", "-t", target);
    const again = await sonde("agent", "push", "-t", target);
    expect(again.output).toContain("it was there already");
    truncateSync(join(place, isMicroTested ? "sonde-agent" : "sonde-agent.cjs"), 100);
    expect((await sonde("agent", "push", "-t", target)).output).toContain("kB sent");
    expect((await sonde(...short, "-t", target)).output).toContain("hello");
    expect((await sonde("agent", "stop", "-t", target)).output).toBe("stopped\n");
    expect((await sonde("agent", "stop", "-t", target)).output).toBe("no agent is running\n");
    await sonde("agent", "remove", "-t", target);
    await expectNothingLeft();
  });

  overSsh("comes and goes with one trace, however that ends", async () => {
    expect(await sonde(...short, "-t", target, "--push")).toMatchObject({
      code: 0,
      output: expect.stringContaining("hello"),
    });
    await expectNothingLeft();
    expect((await sonde("trace", "-t", target, "--push", "-e", "BEGIN {")).code).toBe(1);
    await expectNothingLeft();
    const trace = await startAttached(["-t", target, "--push", "-e", program], {
      env: server.environment,
    });
    expect(existsSync(place)).toBe(true);
    expect((await interrupt(trace)).code).toBe(130);
    await expectNothingLeft();
  });

  overSsh("stays when it is to be kept, and when it was there before", async () => {
    await sonde(...short, "-t", target, "--push", "--keep");
    expect(existsSync(place)).toBe(true);
    await sonde(...short, "-t", target, "--push");
    expect(existsSync(place)).toBe(true);
    await sonde("agent", "remove", "-t", target);
    await expectNothingLeft();
  });

  overSsh("goes where it shall, unless something else is there", async () => {
    const folder = join(server.folder, "opt", "an agent");
    const pushed = await sonde("agent", "push", "-t", target, "--dir", folder);
    const [, own = ""] = /^its target is (\S+)$/m.exec(pushed.output) ?? [];
    expect((await sonde(...short, "-t", own)).output).toContain("hello");
    expect((await sonde("agent", "remove", "-t", target, "--dir", folder)).output).toBe(
      `removed ${folder}\n`,
    );
    await expectNothingLeft();
    const taken = await sonde("agent", "push", "-t", target, "--dir", server.folder);
    expect(taken.code).toBe(2);
    expect(taken.errors).toContain(`${server.folder}: there is something else`);
    expect((await sonde("agent", "remove", "-t", target, "--dir", server.folder)).code).toBe(0);
    expect(existsSync(join(server.folder, "server"))).toBe(true);
    expect((await sonde("agent", "push", "-t", target, "--dir", "opt")).code).toBe(1);
  });

  overSsh("is refused by name where there is no way to put one", async () => {
    const refused = await sonde("agent", "push", "-t", "ws://127.0.0.1:1");
    expect(refused).toMatchObject({
      code: 1,
      errors: expect.stringContaining("no shell on this way"),
    });
  });
});

/** Programs of a board that has busybox alone, and some of its applets. */
function placeBusybox(name: string, applets: readonly string[]): string {
  const folder = join(server.folder, name);
  mkdirSync(folder);
  const busybox = execFileSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).trim();
  for (const applet of applets) symlinkSync(busybox, join(folder, applet));
  return folder;
}

/** What every board has. */
const applets = "sh uname id ls cat df rm mv mkdir rmdir chmod head".split(" ");

/** Runs with a board whose PATH is this folder. */
async function withBoard(path: string, run: (board: string) => Promise<void>): Promise<void> {
  const board = await SshServer.start([`SetEnv PATH=${path}`]);
  const before = server;
  server = board;
  try {
    await run(`ssh://127.0.0.1:${board.port}`);
  } finally {
    server = before;
    board.stop();
  }
}

describe("a board of busybox", () => {
  const ways = [
    { name: "tar and gzip", more: ["tar", "gzip", "sha256sum"] },
    { name: "tar", more: ["tar", "md5sum"] },
    { name: "neither tar nor gzip", more: ["md5sum"] },
  ];
  for (const { name, more } of ways) {
    onBusybox(`that has ${name} gets its agent`, async () => {
      const path = placeBusybox(more.join("-"), [...applets, ...more]);
      symlinkSync(process.execPath, join(path, "node"));
      await withBoard(path, async (board) => {
        expect(await sonde("agent", "push", "-t", board)).toMatchObject({ code: 0 });
        expect((await sonde(...short, "-t", board)).output).toContain("hello");
        await sonde("agent", "remove", "-t", board);
        await expectNothingLeft();
      });
    });
  }

  onBusybox("has nothing left of an agent that is interrupted while it is sent", async () => {
    // File by file, each over a connection of its own.
    const path = placeBusybox("interrupted", [...applets, "md5sum"]);
    symlinkSync(process.execPath, join(path, "node"));
    await withBoard(path, async (board) => {
      const pushing = startSonde(["agent", "push", "-t", board], { env: server.environment });
      expect(await until(() => existsSync(`${place}.new`), 20_000)).toBe(true);
      expect(await interrupt(pushing)).toEqual({
        code: 130,
        output: "",
        errors: "sonde: interrupted\n",
      });
      await expectNothingLeft();
    });
  });

  onBusybox("without Node is told of, and nothing is put there", async () => {
    await withBoard(placeBusybox("bare", [...applets, "tar", "md5sum"]), async (board) => {
      const bare = await pushNodeAgent(board);
      expect(bare.code).toBe(2);
      // Where Node is installed in a common place it is found without PATH.
      if (!existsSync("/usr/local/bin/node"))
        expect(bare.errors).toContain("there is no Node on the board");
      await expectNothingLeft();
    });
  });

  onBusybox("with an old Node is told of, too", async () => {
    const path = placeBusybox("old", [...applets, "tar", "md5sum"]);
    writeCommand(join(path, "node"), "echo v18.1.0 x64 glibc");
    await withBoard(path, async (board) => {
      const old = await pushNodeAgent(board);
      expect(old).toMatchObject({ code: 2, errors: expect.stringContaining("Node is 18.1.0") });
    });
  });

  onBusybox("that cannot check what came is not trusted with it", async () => {
    const path = placeBusybox("unchecked", [...applets, "tar"]);
    symlinkSync(process.execPath, join(path, "node"));
    await withBoard(path, async (board) => {
      const unchecked = await sonde("agent", "push", "-t", board);
      expect(unchecked).toMatchObject({ code: 2, errors: expect.stringContaining("came whole") });
    });
  });
});
