import { type AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { authenticatedMessageKind, controlMessageKind } from "../../packages/protocol/src/codec.js";
import { authenticatedStreamKind } from "../../packages/protocol/src/stream.js";

export type Side = "agent" | "host";

export interface Delivery {
  readonly to: Side;
  readonly message: Uint8Array;
}

/** What someone in between makes of a message: in its place these are delivered. */
export type Trick = (message: Uint8Array, to: Side) => readonly Delivery[];

export interface Prey {
  readonly towards: Side;
  /** Of the handshake, and after it control messages or those of streams, authenticated both. */
  readonly kind: "handshake" | "control" | "stream";
}

const firstBytes = {
  handshake: controlMessageKind,
  control: authenticatedMessageKind,
  stream: authenticatedStreamKind,
};

/** Someone between hosts and an agent who passes on whole messages, and plays a trick on some of them. */
export class Meddler {
  readonly #server: WebSocketServer;
  readonly #agentUrl: string;
  /** How many connections there have been. */
  connectionCount = 0;
  /** Messages that the trick was played on, or could have been. */
  heardCount = 0;
  readonly #tricks: { readonly prey: Prey; readonly play: Trick }[] = [];

  private constructor(agentUrl: string) {
    this.#agentUrl = agentUrl;
    this.#server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  }

  /** Refuses all connections but so many. */
  static async start(agentUrl: string, connectionLimit: number): Promise<Meddler> {
    const meddler = new Meddler(agentUrl);
    const server = meddler.#server;
    server.on("connection", (host) => {
      meddler.connectionCount++;
      if (meddler.connectionCount === connectionLimit) server.close();
      meddler.#serve(host);
    });
    await new Promise((resolve) => server.once("listening", resolve));
    return meddler;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on `play` hears of each such message. */
  begin(prey: Prey, play: Trick): void {
    this.#tricks.push({ prey, play });
  }

  close(): void {
    this.#server.close();
    for (const client of this.#server.clients) client.terminate();
  }

  #serve(host: WebSocket): void {
    const agent = new WebSocket(this.#agentUrl, { perMessageDeflate: false });
    const opened = new Promise((resolve) => agent.once("open", resolve));
    const sides = { agent, host };
    for (const [to, from] of [
      ["agent", host],
      ["host", agent],
    ] as const) {
      from.on("message", (data: Buffer) => {
        void opened.then(() => {
          for (const delivery of this.#pass(data, to)) sides[delivery.to].send(delivery.message);
        });
      });
      from.on("close", (code, reason) => {
        // 1006 stands for "no close frame came" and cannot be sent.
        if (code === 1006) sides[to].terminate();
        else sides[to].close(code, reason);
      });
      from.on("error", () => undefined);
    }
  }

  #pass(message: Uint8Array, to: Side): readonly Delivery[] {
    const trick = this.#tricks.find(
      ({ prey }) => prey.towards === to && message[0] === firstBytes[prey.kind],
    );
    if (trick === undefined) return [{ to, message }];
    this.heardCount++;
    return trick.play(message, to);
  }
}
