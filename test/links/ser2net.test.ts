import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect } from "@jest/globals";
import { RunningAgent, RunningCommand } from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { interrupt, runSonde, startAttached } from "../support/sonde.js";
import { Ser2net } from "../support/ser2net.js";
import { TerminalPair } from "../support/terminals.js";
import { runWorkload } from "../support/workload.js";

const bridging = requiresCommand("ser2net", "ser2net");
const tracing = requiresCommand(
  "ser2net",
  "ser2net",
  "tracepoint",
  "raw_tracepoint",
  "ringbuf",
  "program_run",
);

const folder = mkdtempSync(join(tmpdir(), "sonde-ser2net-"));
const running: RunningCommand[] = [];
const bridges: Ser2net[] = [];
const pairs: TerminalPair[] = [];

afterEach(async () => {
  for (const program of running.splice(0)) {
    program.kill("SIGKILL");
    await program.ended;
  }
  for (const bridge of bridges.splice(0)) await bridge.stop();
  for (const pair of pairs.splice(0)) await pair.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let count = 0;

/** ser2net, a cable, and an agent at its other end. */
async function startBridge(
  accepter: string,
  settings: string,
  options: readonly string[] = [],
): Promise<Ser2net> {
  const name = join(folder, String(count++));
  const [near, far] = [`${name}-bridge`, `${name}-board`];
  pairs.push(await TerminalPair.open(near, far));
  const bridge = await Ser2net.start({
    configurationFile: `${name}.yaml`,
    accepter,
    connector: `serialdev,${near},${settings},local`,
    options,
  });
  bridges.push(bridge);
  const agent = new RunningAgent(["--serial", far]);
  running.push(agent);
  await agent.says(/^listening on serial:/m);
  return bridge;
}

const program =
  'tracepoint:syscalls:sys_enter_openat /comm == "bridgeopens"/ { printf("%s\\n", str(args->filename)); @n = count(); }';

describe("through ser2net", () => {
  for (const { scheme, accepter, settings } of [
    { scheme: "tcp", accepter: "tcp", settings: "115200n81" },
    // The host has the rate set; ser2net's own would be another.
    { scheme: "rfc2217", accepter: "telnet(rfc2217),tcp", settings: "9600e71" },
  ]) {
    tracing(`a trace over ${scheme}:// is as over any other way`, async () => {
      const { port } = await startBridge(accepter, settings);
      const target = `${scheme}://127.0.0.1:${port}?baud=115200`;
      const sonde = await startAttached(["-t", target, "-e", program]);
      await runWorkload("bridgeopens", 'open(my $f, "<", "/none/$_") for 1 .. 200;');
      await sonde.prints(/^\/none\/200$/m);
      const { code, output } = await interrupt(sonde);
      const opens = output.split("\n").filter((line) => line.startsWith("/none/"));
      expect(opens).toEqual(Array.from({ length: 200 }, (_, index) => `/none/${index + 1}`));
      expect(code).toBe(130);
    });
  }

  tracing("the bridge's serial port gets the settings that the host asks for", async () => {
    const { port } = await startBridge("telnet(rfc2217),tcp", "9600e71");
    const target = `rfc2217://127.0.0.1:${port}?baud=57600`;
    const sonde = await startAttached(["-t", target, "-e", "interval:s:1 { @ = count(); }"]);
    const settings = new RunningCommand("stty", ["-F", join(folder, `${count - 1}-bridge`), "-a"]);
    await settings.closed;
    expect(settings.output).toMatch(/speed 57600 baud/);
    expect(settings.output).toMatch(/-parenb.* cs8/s);
    expect((await interrupt(sonde)).code).toBe(130);
  });

  bridging("a bridge without RFC 2217 is told as such", async () => {
    const telnet = await startBridge("telnet,tcp", "115200n81");
    const refused = await runSonde(["info", "-t", `rfc2217://127.0.0.1:${telnet.port}`]);
    expect(refused.errors).toMatch(/the bridge does not let its port be set \(RFC 2217\)/);
    const raw = await startBridge("tcp", "115200n81");
    const silent = await runSonde(["info", "-t", `rfc2217://127.0.0.1:${raw.port}`]);
    expect(silent.errors).toMatch(/does not answer as RFC 2217 asks[^]*reached by tcp:\/\//);
    expect([refused.code, silent.code]).toEqual([2, 2]);
  });

  tracing("a bridge that another host has says so", async () => {
    const { port } = await startBridge("tcp", "115200n81");
    const target = `tcp://127.0.0.1:${port}`;
    const first = await startAttached(["-t", target, "-e", "interval:s:1 { @ = count(); }"]);
    const second = await runSonde(["info", "-t", target]);
    expect(second.errors).toMatch(/port already in use/i);
    expect(second.code).toBe(2);
    expect((await interrupt(first)).code).toBe(130);
  });

  tracing(
    "a bridge that hangs up on the old one gives a host that is asleep's place to the next",
    async () => {
      const { port } = await startBridge("tcp", "115200n81", ["kickolduser: true"]);
      const target = `tcp://127.0.0.1:${port}`;
      const asleep = await startAttached(["-t", target, "-e", "interval:s:1 { @ = count(); }"]);
      asleep.kill("SIGSTOP");
      const next = await runSonde(["info", "-t", target]);
      expect(next.code).toBe(0);
      asleep.kill("SIGKILL");
    },
  );
});
