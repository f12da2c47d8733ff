import { SyscallError } from "../../kernel/errors.js";
import { Kernel } from "../../kernel/kernel.js";
import { tryReadTextFile } from "../../kernel/files.js";
import { type OwnedFd } from "../../kernel/owned-fd.js";
import {
  AF_INET,
  AF_INET6,
  encodeIpAddress,
  isLoopback,
  parseIpAddress,
} from "../../kernel/socket-address.js";
import { openListeningSocket, readOwnPort } from "../../kernel/sockets.js";
import { type System } from "../../system/system.js";
import { type Listener, type ListenerOptions, type TcpAddress } from "../listener.js";
import { ListenError } from "../listener-error.js";
import { ConnectionAcceptor } from "./connection-acceptor.js";

/**
 * Listens for WebSockets over TCP. Throws ListenError, also for an address beyond this machine on which hosts would not have to
 * prove who they are.
 */
export function listenOnTcp(system: System, options: ListenerOptions & TcpAddress): Listener {
  const kernel = new Kernel(system);
  const { host, port, hasKey } = options;
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  const address = resolveHost(kernel, bare);
  if (!hasKey && !isLoopback(address.bytes)) {
    throw new ListenError(
      `listen on ws://${host}:${port}: without a key, other machines must not reach an agent`,
      {
        hint: "give --key-file (see sonde-agent key), or listen on 127.0.0.1 and use ssh",
      },
    );
  }
  const name = address.text.includes(":") ? `[${address.text}]` : address.text;
  const socket = open(kernel, `listen on ws://${name}`, address.bytes, port);
  const ownPort = readOwnPort(kernel, "read the port", socket.fd);
  const acceptor = new ConnectionAcceptor(kernel, socket, options);
  return {
    address: `ws://${name}:${ownPort}`,
    close: () => {
      acceptor.close();
    },
  };
}

function open(kernel: Kernel, action: string, address: Uint8Array, port: number): OwnedFd {
  try {
    const family = address.length === 4 ? AF_INET : AF_INET6;
    return openListeningSocket(
      kernel,
      action,
      family,
      encodeIpAddress(kernel.machine, address, port),
    );
  } catch (cause) {
    if (cause instanceof SyscallError)
      throw new ListenError(`${action}: ${cause.errnoName}`, { cause });
    throw cause;
  }
}

/** Of a name as /etc/hosts has it: no name server is asked. */
function resolveHost(kernel: Kernel, host: string): { text: string; bytes: Uint8Array } {
  const own = parseIpAddress(host);
  if (own !== undefined) return { text: host, bytes: own };
  const hosts = tryReadTextFile(kernel, "/etc/hosts") ?? "";
  for (const line of hosts.split("\n")) {
    const [text = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    const bytes = parseIpAddress(text);
    if (bytes !== undefined && names.some((name) => name.toLowerCase() === host))
      return { text, bytes };
  }
  if (host === "localhost") return { text: "127.0.0.1", bytes: Uint8Array.of(127, 0, 0, 1) };
  throw new ListenError(`find ${host}: it is not in /etc/hosts`, {
    hint: "this agent asks no name server: give an address",
  });
}
