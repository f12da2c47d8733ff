import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childrenOf, until } from "./processes.js";

/** A server of sshd on loopback, with a host key and a user's key made for it, and an ssh that knows both. */
export class SshServer {
  /** Where its files are; tests may put theirs there. */
  readonly folder: string;
  readonly port: number;
  /** With it, `ssh` is one that has the user's key. */
  readonly environment: NodeJS.ProcessEnv;
  readonly #server: ChildProcess;

  private constructor(folder: string, port: number, server: ChildProcess, commands: string) {
    this.folder = folder;
    this.port = port;
    this.#server = server;
    this.environment = { ...process.env, PATH: `${commands}:${process.env["PATH"] ?? ""}` };
  }

  /** `settings`: further lines of sshd's configuration. */
  static async start(settings: readonly string[] = []): Promise<SshServer> {
    const folder = mkdtempSync(join(tmpdir(), "sonde-ssh-"));
    const port = await freePort();
    const hostKey = makeKey(folder, "host-key");
    const userKey = makeKey(folder, "user-key");
    writeFileSync(join(folder, "authorized-keys"), readFileSync(`${userKey}.pub`), { mode: 0o600 });
    const known = readFileSync(`${hostKey}.pub`, "utf8");
    writeFileSync(join(folder, "known-hosts"), `[127.0.0.1]:${port} ${known}`);
    const own = [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${join(folder, "authorized-keys")}`,
      `PidFile ${join(folder, "pid")}`,
      "PermitRootLogin yes",
      "StrictModes no",
      "UsePAM no",
    ];
    writeFileSync(join(folder, "server"), [...own, ...settings].join("\n"));
    // sshd separates privileges in a folder that Debian's service makes when it starts.
    mkdirSync("/run/sshd", { recursive: true });
    const server = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(folder, "server")]);
    let said = "";
    server.stderr.on("data", (data: Buffer) => {
      said += data.toString();
    });
    await until(() => said.includes("Server listening"), 10_000);
    return new SshServer(folder, port, server, placeClient(folder, userKey));
  }

  stop(): void {
    this.#server.kill();
    rmSync(this.folder, { recursive: true });
  }

  /** Ends every connection that is open, without a word. */
  cut(): void {
    for (const pid of childrenOf(this.#server.pid ?? 0)) process.kill(pid, "SIGKILL");
  }

  /** A command on the far side: a script of sh. */
  place(name: string, script: string): string {
    const file = join(this.folder, name);
    writeCommand(file, script);
    return file;
  }
}

function placeClient(folder: string, userKey: string): string {
  const client = [
    `IdentityFile ${userKey}`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${join(folder, "known-hosts")}`,
  ];
  writeFileSync(join(folder, "client"), client.join("\n"));
  const commands = join(folder, "bin");
  mkdirSync(commands);
  writeCommand(join(commands, "ssh"), `exec /usr/bin/ssh -F ${join(folder, "client")} "$@"`);
  return commands;
}

function makeKey(folder: string, name: string): string {
  const file = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  return file;
}

/** Writes a script of sh that can be run. */
export function writeCommand(file: string, script: string): void {
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  // A listening TCP server's address is never a path.
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
