import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ControlCodec } from "../../packages/protocol/src/codec.js";
import { frameMessage, upgradeRequest } from "./hostile-link.js";

/** How far somebody goes who wants to keep an agent busy and never comes in. */
export type Stage = "connected" | "TLS begun" | "upgraded" | "greeted";

export interface FloodOptions {
  readonly port: number;
  readonly hasTls: boolean;
  /** Of this machine, and so 127.something. */
  readonly fromAddress: string;
  readonly stage: Stage;
  readonly connections: number;
  /** How long until a connection that has been dropped is opened again. */
  readonly pauseMilliseconds: number;
}

const hello = new ControlCodec().encode({
  kind: "request",
  id: 1,
  method: "hello",
  params: { major: 1, minor: 0, client: "flood", nonce: new Uint8Array(32) },
});

/** Many connections at once that go no further than their stage, and come again when they are dropped. */
export class Flood {
  readonly #options: FloodOptions;
  readonly #sockets = new Set<Socket>();
  #isOver = false;
  /** Connections that got as far as they go, or were dropped. */
  openedCount = 0;

  private constructor(options: FloodOptions) {
    this.#options = options;
  }

  /** Resolves once every connection has got as far as it goes, or has been dropped. */
  static async start(options: FloodOptions): Promise<Flood> {
    const flood = new Flood(options);
    const first = Array.from({ length: options.connections }, () => flood.#open());
    await Promise.all(first);
    return flood;
  }

  stop(): void {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** One connection, and the next when it is dropped; resolves once it has got as far as it will. */
  async #open(): Promise<void> {
    const { port, fromAddress: localAddress, pauseMilliseconds } = this.#options;
    if (this.#isOver) return;
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    this.#sockets.add(socket);
    // Being dropped is what these connections are for.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (!this.#isOver) setTimeout(() => void this.#open(), pauseMilliseconds).unref();
    });
    const closed = new Promise<void>((resolve) => {
      socket.once("close", () => {
        resolve();
      });
    });
    await Promise.race([this.#goOn(socket).catch(() => undefined), closed]);
    this.openedCount++;
  }

  async #goOn(socket: Socket): Promise<void> {
    const { stage, hasTls } = this.#options;
    await once(socket, "connect");
    if (stage === "connected") return;
    if (stage === "TLS begun") {
      socket.write(await clientHello());
      // What the server answers is read, so that its hanging up is noticed.
      socket.resume();
      return;
    }
    const link = hasTls ? connectTls({ socket, rejectUnauthorized: false }) : socket;
    link.on("error", () => undefined);
    if (hasTls) await once(link, "secureConnect");
    link.write(upgradeRequest);
    await once(link, "data");
    if (stage === "upgraded") return;
    link.write(frameMessage(hello));
    await once(link, "data");
  }
}

let firstFlight: Promise<Buffer> | undefined;

/** All that a client says before a TLS server must answer. */
function clientHello(): Promise<Buffer> {
  firstFlight ??= new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (data) => {
        resolve(data);
        socket.destroy();
        server.close();
      });
    });
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      connectTls({ port, host: "127.0.0.1" }).on("error", () => undefined);
    });
  });
  return firstFlight;
}
