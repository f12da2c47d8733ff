import { createConnection, type Socket } from "node:net";
import { ConnectError } from "./errors.js";
import { type RawLine, type RawLineListener } from "./raw-line.js";

/** Connects to a serial-to-TCP bridge. Throws ConnectError. */
export async function openTcpLine(
  { kind, host, port }: { readonly kind: string; readonly host: string; readonly port: number },
  timeoutMilliseconds: number,
): Promise<RawLine> {
  const name = `${kind}://${host}:${port}`;
  return new TcpLine(name, await connectBridge(name, { host, port }, timeoutMilliseconds));
}

function connectBridge(
  name: string,
  { host, port }: { readonly host: string; readonly port: number },
  timeoutMilliseconds: number,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, noDelay: true });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new ConnectError(`${name}: the bridge did not answer in time`));
    }, timeoutMilliseconds);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (cause) => {
      clearTimeout(timer);
      reject(new ConnectError(`${name}: ${cause.message}`, { cause }));
    });
  });
}

class TcpLine implements RawLine {
  readonly name: string;
  readonly #socket: Socket;

  constructor(name: string, socket: Socket) {
    this.name = name;
    this.#socket = socket;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  outsideBytes(): number {
    return this.#socket.writableLength;
  }

  listen({ onBytes, onLost }: RawLineListener): void {
    let fault = "the bridge hung up";
    this.#socket.on("error", (error) => {
      fault = error.message;
    });
    this.#socket.on("close", () => {
      onLost(fault);
    });
    this.#socket.on("data", onBytes);
  }

  close(): Promise<void> {
    this.#socket.removeAllListeners("close");
    this.#socket.removeAllListeners("data");
    this.#socket.destroy();
    return Promise.resolve();
  }
}
