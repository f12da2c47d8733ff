import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { agentCommand, until } from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { runSonde } from "../support/sonde.js";

const overSsh = requiresCommand("sshd", "openssh-server", "raw_tracepoint", "ringbuf");

const folder = mkdtempSync(join(tmpdir(), "sonde-ssh-"));
let server: ChildProcess | undefined;
let port = 0;
let path = "";

afterAll(() => {
  server?.kill();
  rmSync(folder, { recursive: true });
});

/** A server of our own, with a host key and a user's key made for this test, and an ssh that knows both. */
beforeAll(async () => {
  // The tests are left out then, which their gate says.
  if (process.getuid?.() !== 0) return;
  port = await freePort();
  const hostKey = makeKey("host-key");
  const userKey = makeKey("user-key");
  copyWithMode(`${userKey}.pub`, "authorized-keys", 0o600);
  const known = readFileSync(`${hostKey}.pub`, "utf8");
  writeFileSync(join(folder, "known-hosts"), `[127.0.0.1]:${port} ${known}`);
  const settings = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${join(folder, "authorized-keys")}`,
    `PidFile ${join(folder, "pid")}`,
    "PermitRootLogin yes",
    "StrictModes no",
    "UsePAM no",
  ];
  writeFileSync(join(folder, "server"), settings.join("\n"));
  // sshd separates privileges in a folder that Debian's service makes when it starts.
  mkdirSync("/run/sshd", { recursive: true });
  server = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(folder, "server")]);
  let said = "";
  server.stderr?.on("data", (data: Buffer) => {
    said += data.toString();
  });
  await until(() => said.includes("Server listening"), 10_000);

  const client = [
    `IdentityFile ${userKey}`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${join(folder, "known-hosts")}`,
  ];
  writeFileSync(join(folder, "client"), client.join("\n"));
  const commands = join(folder, "bin");
  mkdirSync(commands);
  writeCommand(join(commands, "ssh"), `exec /usr/bin/ssh -F ${join(folder, "client")} "$@"`);
  path = `${commands}:${process.env["PATH"] ?? ""}`;
});

function makeKey(name: string): string {
  const file = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  return file;
}

function copyWithMode(from: string, name: string, mode: number): void {
  writeFileSync(join(folder, name), readFileSync(from), { mode });
}

function writeCommand(file: string, line: string): void {
  writeFileSync(file, `#!/bin/sh\n${line}\n`);
  chmodSync(file, 0o755);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  // A listening TCP server's address is never a path.
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return free;
}

/** An agent's command that needs no PATH on the far side. */
function placeAgent(name: string, before = ""): string {
  const file = join(folder, name);
  writeCommand(file, `${before}\nexec '${process.execPath}' '${agentCommand}' "$@"`);
  return file;
}

const trace = ["trace", "-e", 'BEGIN { printf("over ssh\\n"); exit(); }'];

describe("ssh://", () => {
  overSsh("traces through an agent that ssh starts", async () => {
    const agent = placeAgent("agent");
    const target = `ssh://${userInfo().username}@127.0.0.1:${port}${agent}`;
    const sonde = await runSonde([...trace, "-t", target], { env: { ...process.env, PATH: path } });
    expect(sonde).toMatchObject({ code: 0 });
    expect(sonde.output).toContain("over ssh");
  });

  overSsh("says so when what is there is no agent", async () => {
    const target = `ssh://127.0.0.1:${port}${placeAgent("greeter", "echo Welcome to this board")}`;
    const sonde = await runSonde([...trace, "-t", target], { env: { ...process.env, PATH: path } });
    expect(sonde.code).toBe(2);
    expect(sonde.errors).toContain("Welcome to this board");
  });

  overSsh("passes on what ssh says when it cannot connect", async () => {
    const target = `ssh://127.0.0.1:${await freePort()}/agent`;
    const sonde = await runSonde([...trace, "-t", target], { env: { ...process.env, PATH: path } });
    expect(sonde.code).toBe(2);
    expect(sonde.errors).toContain("Connection refused");
  });
});
