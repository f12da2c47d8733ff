import { lookup } from "node:dns/promises";
import { chmodSync, existsSync, lstatSync, unlinkSync } from "node:fs";
import { type Server } from "node:http";
import { type AddressInfo, BlockList, connect, isIP, type ListenOptions } from "node:net";
import { dirname } from "node:path";
import { errorCode } from "../../system/node/system-error.js";
import { type Listener, type TcpAddress } from "../listener.js";
import { ListenError } from "../listener-error.js";
import { createStdioDuplex } from "./stdio-duplex.js";
import { createUpgradeServer, type UpgradeOptions } from "./upgrade-server.js";

export interface TcpOptions extends UpgradeOptions, TcpAddress {}

/**
 * Listens for WebSockets over TCP, with or without TLS. Throws ListenError, also for an address beyond this machine on which
 * hosts would not have to prove who they are.
 */
export async function listenOnTcp(options: TcpOptions): Promise<Listener> {
  const { tls, hasKey } = options;
  const scheme = tls === undefined ? "ws" : "wss";
  const host = await resolveHost(options.host);
  if (!hasKey && tls?.clientCa === undefined && !isLoopback(host)) {
    throw new ListenError(
      `listen on ${scheme}://${formatHost(options.host)}:${options.port}: without a key, other machines must not reach an agent`,
      { hint: keyHint(scheme) },
    );
  }
  const server = createUpgradeServer(options);
  await startListening(
    server,
    { host, port: options.port, exclusive: true },
    `${scheme}://${host}`,
  );
  const { port } = server.address() as AddressInfo;
  return {
    address: `${scheme}://${formatHost(host)}:${port}`,
    close: () => {
      server.close();
    },
  };
}

export interface UnixOptions extends UpgradeOptions {
  readonly path: string;
}

/** Listens on a Unix socket that only its owner can open. Throws ListenError, also when an agent listens there. */
export async function listenOnUnix(options: UnixOptions): Promise<Listener> {
  const { path } = options;
  await removeDeadSocket(path);
  const server = createUpgradeServer(options);
  // bind(2) makes the file, within this call: it must never have been open to others.
  const umask = process.umask(0o177);
  const started = startListening(server, { path }, path);
  process.umask(umask);
  await started;
  chmodSync(path, 0o600);
  return {
    address: `unix:${path}`,
    // Node unlinks the file when it closes the server.
    close: () => {
      server.close();
    },
  };
}

/** Serves the one host at the other end of this process's standard input and output. `onEnd`: that host is gone. */
export function serveStdio(options: UpgradeOptions & { readonly onEnd: () => void }): Listener {
  const server = createUpgradeServer(options);
  const duplex = createStdioDuplex(process.stdin, process.stdout);
  duplex.once("close", options.onEnd);
  // http and ws handle errors of their own while they have the stream; this is for the time between and after.
  duplex.on("error", () => {
    duplex.destroy();
  });
  server.emit("connection", duplex);
  return {
    address: "stdio",
    // There is no other way in; the channel's own close is what says goodbye.
    close: () => undefined,
  };
}

function keyHint(scheme: "ws" | "wss"): string {
  const certificates = scheme === "wss" ? " or --tls-client-ca" : "";
  return `give --key-file (see sonde-agent key)${certificates}, or listen on 127.0.0.1 and use ssh`;
}

async function resolveHost(host: string): Promise<string> {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (isIP(bare) !== 0) return bare;
  try {
    return (await lookup(bare)).address;
  } catch (cause) {
    throw listenError(`find ${bare}`, cause);
  }
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function isLoopback(address: string): boolean {
  return loopback.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function formatHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function startListening(server: Server, where: ListenOptions, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error): void => {
      reject(listenError(`listen on ${name}`, cause));
    };
    server.once("error", onError);
    server.listen(where, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

/** A socket on which nobody listens is what a killed agent left behind. */
async function removeDeadSocket(path: string): Promise<void> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) {
    // Node would say EACCES.
    if (existsSync(dirname(path))) return;
    throw new ListenError(`listen on ${path}: there is no folder ${dirname(path)}`);
  }
  if (!status.isSocket()) {
    throw new ListenError(`listen on ${path}: there is a file of that name, and it is no socket`);
  }
  if (await isAnswered(path)) {
    throw new ListenError(`listen on ${path}: another agent listens there`);
  }
  unlinkSync(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      else reject(listenError(`listen on ${path}: try the socket that is there`, error));
    });
  });
}

function listenError(what: string, cause: unknown): ListenError {
  return new ListenError(`${what}: ${errorCode(cause)}`, { cause });
}
