import { type AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { authenticatedMessageKind } from "../../packages/protocol/src/codec.js";

export type Side = "agent" | "host";

export interface Delivery {
  readonly to: Side;
  readonly message: Uint8Array;
}

/** What someone in between makes of an authenticated control message: in its place these are delivered. */
export type Trick = (message: Uint8Array, to: Side) => readonly Delivery[];

/**
 * Someone between a host and an agent who passes on whole messages, and once plays a trick on the control messages towards one
 * side. Serves one connection, and no second one.
 */
export class Meddler {
  readonly #server: WebSocketServer;
  readonly #agentUrl: string;
  /** Messages that the trick was played on, or could have been. */
  heardCount = 0;
  #trick: { readonly towards: Side; readonly play: Trick } | undefined;

  private constructor(agentUrl: string) {
    this.#agentUrl = agentUrl;
    this.#server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  }

  static async start(agentUrl: string): Promise<Meddler> {
    const meddler = new Meddler(agentUrl);
    const server = meddler.#server;
    server.once("connection", (host) => {
      meddler.#serve(host);
      server.close();
    });
    await new Promise((resolve) => server.once("listening", resolve));
    return meddler;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on: `play` hears of each control message towards that side. */
  begin(towards: Side, play: Trick): void {
    this.#trick = { towards, play };
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
    const isControl = message[0] === authenticatedMessageKind;
    if (!isControl || this.#trick?.towards !== to) return [{ to, message }];
    this.heardCount++;
    return this.#trick.play(message, to);
  }
}
