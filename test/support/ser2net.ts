import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import process from "node:process";
import { RunningCommand, until } from "./processes.js";

export interface Ser2netSettings {
  readonly configurationFile: string;
  /** As ser2net spells it: "tcp" for raw bytes, "telnet(rfc2217),tcp". */
  readonly accepter: string;
  /** A serial port, as ser2net spells it. */
  readonly connector: string;
  readonly options?: readonly string[];
  /** Any that is free unless it is said. */
  readonly port?: number;
}

/** Debian's ser2net, with one serial port that it gives to whoever connects to a TCP port. */
export class Ser2net {
  readonly port: number;
  readonly #command: RunningCommand;

  private constructor(port: number, command: RunningCommand) {
    this.port = port;
    this.#command = command;
  }

  static async start({
    configurationFile,
    accepter,
    connector,
    options = [],
    ...settings
  }: Ser2netSettings): Promise<Ser2net> {
    const port = settings.port ?? (await freePort());
    const configuration = [
      "%YAML 1.1",
      "---",
      "connection: &bridge",
      `  accepter: ${accepter},127.0.0.1,${port}`,
      `  connector: ${connector}`,
      ...(options.length === 0 ? [] : ["  options:", ...options.map((line) => `    ${line}`)]),
    ];
    writeFileSync(configurationFile, `${configuration.join("\n")}\n`);
    // -n: in the foreground, -d: says what is wrong, -u: no lock files for the terminal.
    const command = new RunningCommand(
      "ser2net",
      ["-n", "-d", "-u", "-c", configurationFile],
      // Debian has it where ordinary users do not look for programs.
      { env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` } },
    );
    if (!(await until(() => isListening(port), 5000))) {
      command.kill("SIGKILL");
      throw new Error(`ser2net does not listen: ${command.errors}${command.output}`);
    }
    return new Ser2net(port, command);
  }

  get said(): string {
    return this.#command.errors;
  }

  async stop(): Promise<void> {
    this.#command.kill("SIGKILL");
    await this.#command.ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Without connecting, for which ser2net would open its serial port. */
function isListening(port: number): boolean {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const listening = "0A";
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .some((fields) => fields[1] === address && fields[3] === listening);
}
