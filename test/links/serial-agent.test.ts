import { appendFileSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect } from "@jest/globals";
import { heldBy, leftInKernel } from "../support/kernel-objects.js";
import { agentArgv, RunningAgent, RunningCommand, until } from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { Ser2net } from "../support/ser2net.js";
import { endOf, interrupt, runSonde, startAttached } from "../support/sonde.js";
import { TerminalPair } from "../support/terminals.js";
import { runWorkload } from "../support/workload.js";

const onCable = requiresCommand("socat", "socat");
const tracing = requiresCommand(
  "socat",
  "socat",
  "tracepoint",
  "raw_tracepoint",
  "ringbuf",
  "program_run",
);
const bridging = requiresCommand(
  "ser2net",
  "ser2net",
  "tracepoint",
  "raw_tracepoint",
  "ringbuf",
  "program_run",
);
/** As root. */
const inNamespace = requiresCommand("unshare", "util-linux", "tracepoint");

const folder = mkdtempSync(join(tmpdir(), "sonde-serial-agent-"));
const running: RunningCommand[] = [];
const bridges: Ser2net[] = [];
const cables: Cable[] = [];

afterEach(async () => {
  for (const program of running.splice(0)) {
    program.kill("SIGKILL");
    await program.ended;
  }
  for (const bridge of bridges.splice(0)) await bridge.stop();
  for (const cable of cables.splice(0)) await cable.pair.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Cable {
  readonly host: string;
  readonly board: string;
  readonly pair: TerminalPair;
}

let count = 0;

async function plugIn(
  host = join(folder, `host${count}`),
  board = join(folder, `board${count++}`),
): Promise<Cable> {
  const cable = { host, board, pair: await TerminalPair.open(host, board) };
  cables.push(cable);
  return cable;
}

async function startAgent(device: string): Promise<RunningCommand> {
  const agent = new RunningAgent(["--serial", device]);
  running.push(agent);
  await agent.says(/^listening on serial:/m);
  return agent;
}

/** Prints a number for each file that processes of this name open. */
const numberOpens = (comm: string): string =>
  `tracepoint:syscalls:sys_enter_openat /comm == "${comm}"/ { printf("open %d\\n", @n); @n++; }`;

const openMany = (times: number): string =>
  `for (1 .. ${times}) { open(my $f, "<", "/none"); select(undef, undef, undef, 0.005); }`;

function opensIn(output: string): number[] {
  return [...output.matchAll(/^open (\d+)$/gm)].map((match) => Number(match[1]));
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);

describe("an agent at a serial port", () => {
  tracing("serves it again when it has gone and come back", async () => {
    const { host, board, pair } = await plugIn();
    const agent = await startAgent(board);
    const target = `serial:${host}`;
    expect((await runSonde(["info", "-t", target])).code).toBe(0);
    await pair.close();
    await agent.says(/hung up: waiting for it to come back/);
    await plugIn(host, board);
    await agent.says(/is back/);
    const sonde = await startAttached(["-t", target, "-e", numberOpens("replugged")]);
    await runWorkload("replugged", openMany(50));
    await sonde.prints(/^open 49$/m);
    expect(opensIn((await interrupt(sonde)).output)).toEqual(upTo(50));
  });

  tracing(
    "killed and started again, it has left nothing in the kernel, and its host has heard of it",
    async () => {
      const { host, board } = await plugIn();
      const agent = await startAgent(board);
      const sonde = await startAttached(["-t", `serial:${host}`, "-e", numberOpens("bereft")]);
      const held = heldBy(agent.pid);
      expect(held.size).toBeGreaterThan(3);
      agent.kill("SIGKILL");
      await agent.ended;
      await startAgent(board);
      const { code } = await endOf(sonde, 10_000);
      expect(code).toBe(2);
      expect(await leftInKernel(held)).toEqual([]);
    },
  );

  bridging("serves one host, and tells a second one so", async () => {
    const { host, board } = await plugIn();
    await startAgent(board);
    const bridge = await Ser2net.start({
      configurationFile: join(folder, "two.yaml"),
      accepter: "tcp",
      connector: `serialdev,${host},115200n81,local`,
      options: ["max-connections: 2"],
    });
    bridges.push(bridge);
    const target = `tcp://127.0.0.1:${bridge.port}`;
    const first = await startAttached(["-t", target, "-e", numberOpens("undisturbed")]);
    const second = await runSonde(["info", "-t", target]);
    expect(second.errors).toContain("another host is using this agent");
    expect(second.code).toBe(2);
    await runWorkload("undisturbed", openMany(50));
    await first.prints(/^open 49$/m);
    const { output, errors } = await interrupt(first);
    expect(opensIn(output)).toEqual(upTo(50));
    expect(errors).not.toContain("lost");
  });

  tracing("shares the line with a login prompt and the kernel's log", async () => {
    const { host, board } = await plugIn();
    appendFileSync(board, "\r\nDebian GNU/Linux 13 board ttyS0\r\n\r\nboard login: ");
    await startAgent(board);
    const log = setInterval(() => {
      appendFileSync(board, "[   12.345678] usb 1-1: new high-speed USB device number 4\r\n");
    }, 20);
    try {
      const sonde = await startAttached(["-t", `serial:${host}`, "-e", numberOpens("noisy")]);
      await runWorkload("noisy", openMany(200));
      await sonde.prints(/^open 199$/m);
      expect(opensIn((await interrupt(sonde)).output)).toEqual(upTo(200));
    } finally {
      clearInterval(log);
    }
  });

  inNamespace("says who else has the port, and that the kernel's log goes there", async () => {
    const { board } = await plugIn();
    const device = realpathSync(board);
    const other = new RunningCommand("sh", ["-c", `exec sleep 1000 < ${device}`]);
    running.push(other);
    await until(() => realpathSync(`/proc/${other.pid}/fd/0`) === device, 5000);
    const consoles = join(folder, "consoles");
    writeFileSync(
      consoles,
      `tty0 -WU (EC p  ) 4:7\n${device.replace("/dev/", "")} -W- (EC) 4:64\n`,
    );
    // In a mount namespace of its own, where the kernel's list of consoles is this one.
    const script = `mount --bind ${consoles} /proc/consoles && exec "$0" "$@"`;
    const agent = new RunningCommand("unshare", [
      ...["--mount", "sh", "-c", script],
      ...[...agentArgv, "--serial", board],
    ]);
    running.push(agent);
    await agent.says(/^listening on serial:/m);
    expect(agent.errors).toContain(`sleep (process ${other.pid}) has ${device} open, too`);
    expect(agent.errors).toMatch(/the kernel's log goes to .*: dmesg -n 1 keeps it quiet/);
  });
});

describe("a trace over a line", () => {
  bridging("goes on when the bridge has gone and come back", async () => {
    const { host, board } = await plugIn();
    await startAgent(board);
    const start = async (port?: number): Promise<Ser2net> => {
      const bridge = await Ser2net.start({
        configurationFile: join(folder, "cut.yaml"),
        accepter: "tcp",
        connector: `serialdev,${host},115200n81,local`,
        ...(port === undefined ? {} : { port }),
      });
      bridges.push(bridge);
      return bridge;
    };
    const first = await start();
    const target = `tcp://127.0.0.1:${first.port}`;
    const sonde = await startAttached(["-t", target, "-e", numberOpens("bridged")]);
    const work = runWorkload("bridged", openMany(400));
    await sonde.prints(/^open 50$/m);
    await first.stop();
    await sonde.says(/reconnecting/);
    await start(first.port);
    await sonde.says(/resumed.*, 0 lost/);
    await work;
    await sonde.prints(/^open 399$/m);
    expect(opensIn((await interrupt(sonde)).output)).toEqual(upTo(400));
  });

  tracing("goes on when the cable was pulled out and put in again", async () => {
    const { host, board, pair } = await plugIn();
    await startAgent(board);
    const sonde = await startAttached(["-t", `serial:${host}`, "-e", numberOpens("pulled")]);
    const work = runWorkload("pulled", openMany(400));
    await sonde.prints(/^open 50$/m);
    await pair.close();
    await sonde.says(/reconnecting/);
    await plugIn(host, board);
    await sonde.says(/resumed.*, 0 lost/);
    await work;
    await sonde.prints(/^open 399$/m);
    expect(opensIn((await interrupt(sonde)).output)).toEqual(upTo(400));
  });
});

onCable("a shell at the line's other end is told from an agent", async () => {
  const device = join(folder, "shell");
  const shell = new RunningCommand("socat", [
    `PTY,link=${device},rawer`,
    "EXEC:sh -i,pty,setsid,ctty,stderr,echo=1",
  ]);
  running.push(shell);
  const sonde = await runSonde(["info", "-t", `serial:${device}`], { limitMilliseconds: 30_000 });
  expect(sonde.errors).toMatch(/a terminal or a shell is at the other end, not an agent/);
  expect(sonde.code).toBe(2);
});
