import { existsSync, readdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { heldBy, stillInKernel } from "../support/kernel-objects.js";
import { agentWords, childrenOf, isRunning, until } from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { interrupt, type Outcome, runSonde, startAttached } from "../support/sonde.js";
import { freePort, SshServer, writeCommand } from "../support/ssh-server.js";

const overSsh = requiresCommand("sshd", "openssh-server", "raw_tracepoint", "ringbuf");

let server: SshServer;
// The tests are left out for others, which their gate says.
const isRoot = process.getuid?.() === 0;
beforeAll(async () => {
  if (isRoot) server = await SshServer.start();
});
afterAll(() => {
  if (isRoot) server.stop();
});

/** An agent's command that needs no PATH on the far side, and meets in a place of its own. */
function placeAgent(name: string, before = "", lease = 30): string {
  const socket = join(server.folder, `${name}.sock`);
  const own = `--socket '${socket}' --idle 1 --lease ${lease}`;
  return server.place(name, `${before}\nexec ${agentWords} "$@" ${own}`);
}

/** The process that serves a socket of connect's. */
function agentOn(socket: string): number {
  const isIt = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`\0--relay\0${socket}\0`);
    } catch {
      // Not a process, or one that has ended.
      return false;
    }
  };
  return Number(readdirSync("/proc").find(isIt) ?? 0);
}

async function trace(target: string, env = server.environment): Promise<Outcome> {
  const program = 'BEGIN { printf("over ssh\\n"); exit(); }';
  return await runSonde(["trace", "-e", program, "-t", target], { env });
}

describe("ssh://", () => {
  overSsh("traces through an agent that stays for a while, and leaves nothing behind", async () => {
    const agent = placeAgent("agent");
    const sonde = await trace(`ssh://${userInfo().username}@127.0.0.1:${server.port}${agent}`);
    expect(sonde).toMatchObject({ code: 0 });
    expect(sonde.output).toContain("over ssh");
    const socket = `${agent}.sock`;
    expect(existsSync(socket)).toBe(true);
    expect(await until(() => !existsSync(`${socket}.lock`), 10_000)).toBe(true);
    expect(existsSync(socket)).toBe(false);
  });

  overSsh(
    "goes on when ssh is killed on this side and on that, and nothing is missing",
    async () => {
      const agent = placeAgent("steady");
      const count = 'interval:ms:50 { @n++; printf("%d\\n", @n); }';
      const target = `ssh://127.0.0.1:${server.port}${agent}`;
      const sonde = await startAttached(["-t", target, "-e", count], { env: server.environment });
      await sonde.prints(/^3$/m);
      for (const ssh of childrenOf(sonde.pid)) process.kill(ssh, "SIGKILL");
      await sonde.says(/^link lost \(.+\), reconnecting for up to 30 s$/m);
      await sonde.says(/^resumed after \d+\.\d s, 0 lost$/m);
      await sonde.prints(/^60$/m);
      server.cut();
      await sonde.says(/(^resumed after \d+\.\d s, 0 lost$[^]*){2}/m);
      await sonde.prints(/^120$/m);
      const { code, output } = await interrupt(sonde);
      expect(code).toBe(130);
      const numbers = output.match(/^\d+$/gm) ?? [];
      expect(numbers).toEqual(Array.from(numbers, (_, index) => String(index + 1)));
    },
  );

  overSsh("keeps what a host that has died had made for the lease, and then nothing", async () => {
    const agent = placeAgent("lease", "", 2);
    const count = "tracepoint:syscalls:sys_enter_umask { @ = count(); }";
    const target = `ssh://127.0.0.1:${server.port}${agent}`;
    const sonde = await startAttached(["-t", target, "-e", count], { env: server.environment });
    const pid = agentOn(`${agent}.sock`);
    const held = heldBy(pid);
    expect(held.size).toBeGreaterThan(2);
    for (const child of [...childrenOf(sonde.pid), sonde.pid]) process.kill(child, "SIGKILL");
    await sonde.ended;
    expect(stillInKernel(held)).toHaveLength(held.size);
    expect(await until(() => stillInKernel(held).length === 0, 20_000)).toBe(true);
    expect(await until(() => !isRunning(pid), 10_000)).toBe(true);
    expect(existsSync(`${agent}.sock`)).toBe(false);
  });

  overSsh("says so when what is there is no agent", async () => {
    const greeter = placeAgent("greeter", "echo Welcome to this board");
    const sonde = await trace(`ssh://127.0.0.1:${server.port}${greeter}`);
    expect(sonde.code).toBe(2);
    expect(sonde.errors).toContain("Welcome to this board");
    expect(sonde.errors).toContain("HINT: its shell prints something");
  });

  overSsh("passes on what ssh says when it cannot connect", async () => {
    const sonde = await trace(`ssh://127.0.0.1:${await freePort()}/agent`);
    expect(sonde.code).toBe(2);
    expect(sonde.errors).toContain("Connection refused");
  });

  overSsh("says what to do when ssh would ask for a password", async () => {
    const commands = join(server.folder, "no-key");
    const known = `UserKnownHostsFile=${join(server.folder, "known-hosts")}`;
    writeCommand(
      commands,
      `exec /usr/bin/ssh -F none -o ${known} -o IdentityFile=none -o IdentitiesOnly=yes "$@"`,
    );
    const board = server.place("ssh", `exec '${commands}' "$@"`);
    const env = { ...process.env, PATH: `${join(board, "..")}:${process.env["PATH"] ?? ""}` };
    const sonde = await trace(`ssh://127.0.0.1:${server.port}`, env);
    expect(sonde.code).toBe(2);
    expect(sonde.errors).toContain("Permission denied");
    expect(sonde.errors).toContain("HINT: ssh would ask for a password");
  });

  overSsh("says what to do about a board whose key ssh does not know", async () => {
    const env = { ...server.environment, HOME: server.folder };
    const sonde = await trace(`ssh://localhost:${server.port}`, env);
    expect(sonde.code).toBe(2);
    expect(sonde.errors).toContain("HINT: connect once by hand");
  });
});
