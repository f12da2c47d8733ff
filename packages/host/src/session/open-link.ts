import { describeNoise, type MessageChannel } from "@sonde/protocol";
import { createConnection, type Socket } from "node:net";
import { agentLine } from "./agent-places.js";
import { formatShellAddress, shellCommand } from "./board-shell.js";
import { startChild, type ChildLink } from "./child-link.js";
import { ConnectError } from "./errors.js";
import { explainedError } from "./explained-error.js";
import { findAgent } from "./line-link.js";
import { findLocalAgent } from "./local-agent.js";
import { type RawLine } from "./raw-line.js";
import { openRfc2217Line } from "./rfc2217-line.js";
import { openSerialPort } from "./serial-port-line.js";
import { type TargetAddress } from "./target-url.js";
import { openTcpLine } from "./tcp-line.js";
import { refuseTlsOptions, type TlsOptions } from "./tls-options.js";
import { openWebSocket } from "./websocket-channel.js";

/** A way to an agent, and what must be ended when it is closed. */
export interface OpenLink {
  readonly channel: MessageChannel;
  /** What the other end says of itself when the handshake fails; "" when nothing is known. */
  explain(): Promise<string>;
  /** Set: gives the link up when nothing has come for as long as is tolerated then, and asks for a sign of life before. */
  readonly watch?: (toleratedMilliseconds: () => number) => void;
  /** Ends what was started for the link; resolves when it is gone. */
  end(): Promise<void>;
}

export interface LinkOptions {
  readonly timeoutMilliseconds: number;
  /** Pass an agent's own log on to standard error. */
  readonly showsAgentLog: boolean;
  /** For `wss:`, and for no other. */
  readonly tls: TlsOptions;
  /** The agent will have to prove that it has the same key as we. */
  readonly hasKey: boolean;
  /** Through ssh and the like: start an agent where none is running. */
  readonly startsAgent: boolean;
}

/** Opens the byte stream that an address names, and a WebSocket on it. Throws ConnectError, and TargetError for TLS options. */
export async function openLink(address: TargetAddress, options: LinkOptions): Promise<OpenLink> {
  if (address.kind !== "wss") refuseTlsOptions(options.tls);
  switch (address.kind) {
    case "local":
      return await openLocal(options);
    case "exec":
      return await openChild(
        `exec:${address.command}`,
        startChild(
          { file: address.command, args: [], usesShell: true },
          { showsLog: options.showsAgentLog },
        ),
        options,
      );
    case "ssh":
    case "adb":
    case "docker":
    case "kubectl": {
      const line = agentLine(address.program, [
        "connect",
        ...(options.startsAgent ? [] : ["--no-start"]),
      ]);
      return await openChild(
        formatShellAddress(address),
        startChild(shellCommand(address, line), { showsLog: options.showsAgentLog }),
        options,
      );
    }
    case "ws":
      return await openPlain(
        `ws://${address.host}:${address.port}`,
        { url: `ws://${address.host}:${address.port}/` },
        options,
      );
    case "wss": {
      // Only here: Node's TLS takes a while to load.
      const { openTls } = await import("./tls-link.js");
      return await openPlain(
        `wss://${address.host}:${address.port}`,
        await openTls(address, options),
        options,
      );
    }
    case "tcp":
    case "rfc2217":
    case "serial":
      return await openLineLink(address, options);
    case "unix":
      return await openPlain(
        `unix:${address.path}`,
        { duplex: await connectUnix(address.path) },
        options,
      );
  }
}

async function openLocal(options: LinkOptions): Promise<OpenLink> {
  const { file, args } = findLocalAgent();
  const child = startChild(
    { file, args: [...args, "--stdio"] },
    { showsLog: options.showsAgentLog },
  );
  return await openChild("the agent on this machine", child, options);
}

/** A raw line, at whose other end is a serial port of a board. */
export type LineAddress = Extract<TargetAddress, { kind: "tcp" | "rfc2217" | "serial" }>;

async function openLineLink(address: LineAddress, options: LinkOptions): Promise<OpenLink> {
  const { timeoutMilliseconds } = options;
  const line = await openRawLine(address, timeoutMilliseconds);
  const link = await findAgent(line, { baud: address.baud, timeoutMilliseconds });
  return {
    channel: link.channel,
    explain: () => Promise.resolve(describeNoise(link.report()) ?? ""),
    end: () => link.end(),
  };
}

/** Opens a line, with nothing on it yet. Throws ConnectError. */
export async function openRawLine(
  address: LineAddress,
  timeoutMilliseconds: number,
): Promise<RawLine> {
  switch (address.kind) {
    case "tcp":
      return await openTcpLine(address, timeoutMilliseconds);
    case "rfc2217":
      return await openRfc2217Line(address, timeoutMilliseconds);
    case "serial":
      return await openSerialPort(address);
  }
}

async function openPlain(
  what: string,
  link: Parameters<typeof openWebSocket>[0],
  options: LinkOptions,
): Promise<OpenLink> {
  const channel = await openWebSocket(link, {
    what,
    timeoutMilliseconds: options.timeoutMilliseconds,
  });
  return {
    channel,
    explain: () => Promise.resolve(""),
    watch: (toleratedMilliseconds) => {
      channel.watch(toleratedMilliseconds);
    },
    end: () => Promise.resolve(),
  };
}

async function openChild(what: string, child: ChildLink, options: LinkOptions): Promise<OpenLink> {
  try {
    const channel = await openWebSocket(
      { duplex: child.duplex },
      { what, timeoutMilliseconds: options.timeoutMilliseconds },
    );
    return {
      channel,
      explain: () => child.explain(),
      watch: (toleratedMilliseconds) => {
        channel.watch(toleratedMilliseconds);
      },
      end: () => child.end(),
    };
  } catch (error) {
    const detail = await child.explain();
    await child.end();
    if (!(error instanceof ConnectError) || detail === "") throw error;
    throw explainedError(what, detail, error);
  }
}

function connectUnix(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (cause) => {
      reject(
        new ConnectError(`unix:${path}: ${cause.message}`, {
          cause,
          hint: `is an agent listening there? start one with: sonde-agent --unix ${path}`,
        }),
      );
    });
  });
}
