import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect } from "@jest/globals";
import { ConsoleLine } from "../../packages/host/src/board/console-line.js";
import { ConsoleShell } from "../../packages/host/src/board/console-shell.js";
import { type RawLine } from "../../packages/host/src/session/raw-line.js";
import { openTcpLine } from "../../packages/host/src/session/tcp-line.js";
import { Random } from "../../packages/protocol/test/link/random.js";
import { Line, type LineOptions } from "../support/line.js";
import { buildMicroAgent } from "../support/micro-agent.js";
import { RunningCommand, until } from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { Ser2net } from "../support/ser2net.js";
import { endOf, type Outcome, runSonde, startAttached, startSonde } from "../support/sonde.js";
import { writeCommand } from "../support/ssh-server.js";
import { TerminalPair } from "../support/terminals.js";
import { onlyOneUses } from "../support/only-one.js";

onlyOneUses("agent-place");
const onConsole = requiresCommand("busybox", "busybox");
const tracing = requiresCommand("busybox", "busybox", "raw_tracepoint", "ringbuf");

/** Each piece of an agent takes the board's shell some processes, and other tests run beside. */
const onConsoleMilliseconds = 300_000;

const folder = mkdtempSync(join(tmpdir(), "sonde-console-"));
/** Where the board's shells are: they would make files here of what they should not read. */
const home = join(folder, "home");
mkdirSync(home);
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  expect(readdirSync(home)).toEqual([]);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function pathOf(command: string): string {
  return execFileSync("sh", ["-c", `command -v ${command}`], { encoding: "utf8" }).trim();
}

/** A program on a terminal, at the other end of a serial line. */
async function startBoard(
  options: LineOptions,
  program = `${pathOf("busybox")} ash -i`,
  path = process.env["PATH"],
): Promise<Line> {
  const line = await Line.open(options);
  const board = new RunningCommand(
    pathOf("socat"),
    [`TCP:127.0.0.1:${line.devicePort},nodelay`, `EXEC:${program},pty,setsid,ctty,stderr,sane`],
    { env: { ...process.env, PS1: "board# ", PATH: path }, cwd: home },
  );
  closers.push(async () => {
    board.kill("SIGTERM");
    await board.ended;
    line.close();
  });
  return line;
}

async function openShell({ hostPort }: Line, baud: number): Promise<ConsoleShell> {
  return await ConsoleShell.open(await openLine(hostPort), baud);
}

async function openLine(port: number): Promise<RawLine> {
  return await openTcpLine({ kind: "tcp", host: "127.0.0.1", port }, 5000);
}

/** Programs of a board that has busybox alone, and some of its applets. */
function placeBusybox(name: string, more: readonly string[]): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const applet of ["rm", "mkdir", "wc", "dd", "mv", "cat", "md5sum", ...more]) {
    symlinkSync(pathOf(applet === "openssl" ? "openssl" : "busybox"), join(path, applet));
  }
  return path;
}

function someBytes(length: number): Uint8Array {
  const random = new Random(7);
  return Uint8Array.from({ length }, () => random.between(0, 255));
}

/** Sends bytes into a file there; gives how many had come each time that was told. */
async function sendFile(shell: ConsoleShell, bytes: Uint8Array, name: string): Promise<number[]> {
  const told: number[] = [];
  const file = join(folder, name);
  const tell = (sent: number): void => {
    told.push(sent);
  };
  const result = await shell.send(bytes, `cat >'${file}'; echo taken`, {
    onSent: tell,
    spool: `${file}.part`,
  });
  expect(result).toMatchObject({ code: 0, output: "taken\n" });
  expect(new Uint8Array(readFileSync(file))).toEqual(bytes);
  expect(existsSync(`${file}.part`)).toBe(false);
  return told;
}

describe("the shell of a console", () => {
  onConsole("runs scripts as they are, and gives what they say", async () => {
    const line = await startBoard({ baud: 1_000_000 });
    await using shell = await openShell(line, 1_000_000);
    const script = `for w in "it's" 'a "b"' '\\n' '$HOME' 'é %s'; do\n  echo "<$w>"\ndone\nexit 7`;
    expect(await shell.run(script)).toEqual({
      code: 7,
      output: `<it's>\n<a "b">\n<\\n>\n<$HOME>\n<é %s>\n`,
      errors: "",
    });
    expect(await shell.run("cat; echo done >&2")).toMatchObject({ code: 0, output: "done\n" });
  });

  onConsole("takes bytes over a line that damages, loses and is written on", async () => {
    const baud = 115_200;
    const faults = { corrupt: 1 / 5000, lose: 1 / 5000 };
    // The kernel writes into one direction alone.
    const towardsHost = { ...faults, textMilliseconds: 300 };
    const line = await startBoard({ baud, seed: 3, towardsHost, towardsDevice: faults });
    await using shell = await openShell(line, baud);
    const told = await sendFile(shell, someBytes(20_000), "damaged");
    expect(told.at(-1)).toBe(20_000);
  });

  const ways = [
    { way: "base64", more: ["base64"] },
    { way: "openssl", more: ["openssl"] },
    { way: "uudecode", more: ["uudecode"] },
    { way: "printf alone", more: [] },
  ];
  for (const { way, more } of ways) {
    onConsole(`takes bytes with ${way}`, async () => {
      const path = placeBusybox(`bin-${way}`, more);
      const line = await startBoard({ baud: 1_000_000 }, undefined, path);
      await using shell = await openShell(line, 1_000_000);
      const every = Uint8Array.from({ length: 5000 }, (_, index) => index & 0xff);
      await sendFile(shell, every, `by-${way}`);
    });
  }

  onConsole("goes on where it was cut", async () => {
    const baud = 460_800;
    const line = await startBoard({ baud });
    const bytes = someBytes(60_000);
    const raw = await openLine(line.hostPort);
    let lose = (): void => undefined;
    const cut = await ConsoleShell.open(
      {
        name: raw.name,
        write: (sent) => {
          raw.write(sent);
        },
        outsideBytes: () => raw.outsideBytes(),
        listen: (listener) => {
          raw.listen(listener);
          lose = () => {
            listener.onLost("pulled out");
          };
        },
        close: () => raw.close(),
      },
      baud,
    );
    const onSent = (sent: number): void => {
      if (sent > 20_000) lose();
    };
    const sending = cut.send(bytes, "cat >/dev/null", {
      onSent,
      spool: join(folder, "cut.part"),
    });
    await expect(sending).rejects.toThrow("pulled out");
    await cut.line.close();
    await using shell = await openShell(line, baud);
    const told = await sendFile(shell, bytes, "cut");
    expect(told[0]).toBeGreaterThan(20_000);
  });

  const others = [
    {
      name: "a login prompt",
      script: "stty -echo; trap '' INT; while :; do printf 'board login: '; read -r who; done",
      told: "log in first",
    },
    { name: "nothing", script: "stty -echo; trap '' INT; cat >/dev/null", told: "nothing answers" },
    { name: "another program", script: "echo U-Boot; trap '' INT; cat", told: "no shell answers" },
  ];
  for (const { name, script, told } of others) {
    onConsole(`is missed where there is ${name}`, async () => {
      const program = join(folder, name.replaceAll(" ", "-"));
      writeCommand(program, script);
      const line = await startBoard({ baud: 4_000_000 }, program);
      await expect(openShell(line, 4_000_000)).rejects.toThrow(told);
    });
  }
});

async function sonde(...args: string[]): Promise<Outcome> {
  return await runSonde(args, { limitMilliseconds: 150_000 });
}

const hello = ["trace", "-e", 'BEGIN { printf("hello\\n"); exit(); }'];
const fine = { code: 0, errors: "" };

describe("a board with a root shell on its console", () => {
  tracing(
    "is given an agent, traced, and has its shell back",
    async () => {
      const baud = 4_000_000;
      const line = await startBoard({ baud });
      const target = `tcp://127.0.0.1:${line.hostPort}?baud=${baud}`;
      const dir = join(folder, "agent");
      const there = ["-t", target, "--dir", dir];
      expect(await sonde("agent", "start", ...there)).toMatchObject({
        code: 2,
        errors: expect.stringContaining("there is no sonde-agent on the board"),
      });
      expect(await sonde("agent", "push", ...there)).toMatchObject(fine);
      expect(await sonde("agent", "start", ...there)).toMatchObject(fine);
      expect((await sonde("agent", "status", "-t", target)).output).toContain("is running");
      expect((await sonde(...hello, "-t", target)).output).toContain("hello");
      expect(await sonde("agent", "remove", ...there)).toMatchObject({
        code: 0,
        output: `removed ${dir}\n`,
      });
      expect(existsSync(dir)).toBe(false);
      await using shell = await openShell(line, baud);
      expect((await shell.run("echo here I am")).output).toBe("here I am\n");
    },
    onConsoleMilliseconds,
  );
});

/** The smaller agent, of which a line carries three in the time of Node's. */
function pushMicroAgents(): void {
  const before = process.env["SONDE_AGENT"];
  beforeAll(async () => {
    await buildMicroAgent();
    process.env["SONDE_AGENT"] = "micro";
  }, onConsoleMilliseconds);
  afterAll(() => {
    process.env["SONDE_AGENT"] = before;
  });
}

describe("a board with a root shell behind ser2net", () => {
  pushMicroAgents();

  tracing(
    "is traced by one command, and nothing is left there",
    async () => {
      const [host, end] = [join(folder, "host"), join(folder, "end")];
      const pair = await TerminalPair.open(host, end);
      closers.push(() => pair.close());
      const bridge = await Ser2net.start({
        configurationFile: join(folder, "ser2net.yaml"),
        accepter: "tcp",
        connector: `serialdev,${host},115200n81,local`,
      });
      closers.push(() => bridge.stop());
      const shell = new RunningCommand(
        "sh",
        ["-c", `stty sane 115200 <${end}; exec setsid -c -w busybox ash -i <${end} >${end} 2>&1`],
        { detached: true, cwd: home, env: { ...process.env, PS1: "board# " } },
      );
      closers.push(async () => {
        process.kill(-shell.pid, "SIGKILL");
        await shell.ended;
      });
      const target = `tcp://127.0.0.1:${bridge.port}`;
      const traced = await sonde(...hello, "-t", target, "--push");
      expect(traced).toMatchObject({ code: 0, output: expect.stringContaining("hello") });
      expect((await sonde("agent", "remove", "-t", target)).output).toBe("nothing was there\n");
    },
    onConsoleMilliseconds,
  );
});

/** A shell that keeps each line that it reads. */
function keepingShell(log: string): string {
  const program = join(folder, "keeping-shell");
  const body = `trap '' INT; while IFS= read -r line; do printf '%s\\n' "$line" >>'${log}'; eval "$line"; done`;
  writeCommand(program, body);
  return program;
}

/** The process whose command line has these words. */
function processOf(words: string): number | undefined {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").includes(words);
    } catch {
      // It has ended since.
      return false;
    }
  });
  return found === undefined ? undefined : Number(found);
}

describe("an agent on a console that is killed", () => {
  pushMicroAgents();

  tracing(
    "leaves no shell behind that reads what its host still says",
    async () => {
      const log = join(folder, "read-lines");
      const baud = 1_000_000;
      const line = await startBoard({ baud }, keepingShell(log));
      const target = `tcp://127.0.0.1:${line.hostPort}?baud=${baud}`;
      const dir = join(folder, "killed");
      const there = ["-t", target, "--dir", dir];
      expect(await sonde("agent", "push", ...there)).toMatchObject(fine);
      expect(await sonde("agent", "start", ...there)).toMatchObject(fine);
      const trace = await startAttached(["-t", target, "-e", "interval:ms:100 { @ = count(); }"]);
      const agent = processOf(`${dir}/sonde-agent --serial`);
      expect(agent).toBeGreaterThan(1);
      process.kill(agent ?? 0, "SIGKILL");
      await trace.says(/^link lost/m);
      trace.kill("SIGKILL");
      await trace.ended;
      await using shell = await openShell(line, baud);
      expect((await shell.run("echo here I am")).output).toBe("here I am\n");
      const read = readFileSync(log, "latin1");
      expect(read).toContain("--serial");
      expect(read.split("\n").filter((one) => /[^\t -~]/.test(one))).toEqual([]);
    },
    onConsoleMilliseconds,
  );
});

/** What a person sees who types a command. */
async function type(line: ConsoleLine, command: string): Promise<string> {
  line.write(`${command}; echo done$((40+2))\n`);
  return (await line.take(/[^]*done42/, 10_000))?.[0] ?? "nothing";
}

/** Bytes of the agent that have come into a folder that is made for them. */
function arrivedBytes(spool: string): number {
  if (!existsSync(spool)) return 0;
  const sizes = readdirSync(spool).map((name) =>
    statSync(join(spool, name), { throwIfNoEntry: false }),
  );
  return sizes.reduce((sum, size) => sum + (size?.size ?? 0), 0);
}

describe("Ctrl-C gives a console its shell back, and leaves nothing on the board,", () => {
  pushMicroAgents();

  const baud = 1_000_000;
  const place = `/tmp/sonde-agent-${process.getuid?.() ?? 0}`;
  const dir = join(folder, "interrupted");
  const pushing = ["agent", "push", "--dir", dir];
  const moments = [
    {
      when: "when the shell is being looked for",
      args: pushing,
      isThere: (line: Line) => line.towardsDevice.carriedBytes > 0,
    },
    {
      when: "while an agent is sent",
      args: pushing,
      isThere: () => arrivedBytes(`${dir}.part`) > 20_000,
    },
    {
      when: "while an agent is sent for one trace",
      args: [...hello, "--push"],
      isThere: () => arrivedBytes(`${place}.part`) > 20_000,
    },
    {
      when: "while an agent starts for one trace",
      args: [...hello, "--push"],
      isThere: () => existsSync(`${place}/sonde-agent.log`),
    },
  ];
  for (const { when, args, isThere } of moments) {
    tracing(
      when,
      async () => {
        const line = await startBoard({ baud });
        const target = `tcp://127.0.0.1:${line.hostPort}?baud=${baud}`;
        const running = startSonde([...args, "-t", target]);
        expect(await until(() => isThere(line), 150_000)).toBe(true);
        running.kill("SIGINT");
        expect(await endOf(running, 150_000)).toEqual({
          code: 130,
          output: "",
          errors: "sonde: interrupted\n",
        });
        for (const one of [dir, place]) {
          expect([one, `${one}.new`, `${one}.part`].filter(existsSync)).toEqual([]);
        }
        const terminal = new ConsoleLine(await openLine(line.hostPort));
        expect(await type(terminal, "stty -a")).toMatch(/ icanon .* echo /s);
        await terminal.close();
      },
      onConsoleMilliseconds,
    );
  }

  tracing(
    "while an agent starts that is to stay",
    async () => {
      const line = await startBoard({ baud });
      const target = `tcp://127.0.0.1:${line.hostPort}?baud=${baud}`;
      const there = ["-t", target, "--dir", dir];
      expect(await sonde("agent", "push", ...there)).toMatchObject(fine);
      const starting = startSonde(["agent", "start", ...there]);
      expect(await until(() => existsSync(`${dir}/sonde-agent.log`), 90_000)).toBe(true);
      starting.kill("SIGINT");
      expect(await endOf(starting, 150_000)).toMatchObject({ code: 130, output: "" });
      expect((await sonde("agent", "remove", ...there)).output).toBe(`removed ${dir}\n`);
      const terminal = new ConsoleLine(await openLine(line.hostPort));
      expect(await type(terminal, "stty -a")).toMatch(/ icanon .* echo /s);
      await terminal.close();
    },
    onConsoleMilliseconds,
  );
});
