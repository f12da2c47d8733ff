import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type MessageChannel } from "@sonde/protocol";
import { WebSocket } from "ws";
import { AuthenticationThrottle } from "../../src/listeners/authentication-throttle.js";
import { type Handshake, type ListenerOptions } from "../../src/listeners/listener.js";

/** A channel that a listener handed over, with all that has come of it. */
export interface Accepted {
  readonly channel: MessageChannel;
  readonly handshake: Handshake;
  readonly messages: Uint8Array[];
  readonly closed: Promise<string>;
}

/** What a listener is started with in a test: it collects the channels, which echo what they receive. */
export class EchoServer {
  readonly accepted: Accepted[] = [];
  readonly throttle = new AuthenticationThrottle(() => performance.now());
  readonly options: ListenerOptions;

  constructor(options: { readonly silenceMilliseconds?: number } = {}) {
    this.options = {
      ...options,
      throttle: this.throttle,
      accept: (channel, handshake) => {
        const messages: Uint8Array[] = [];
        channel.onMessage((message) => {
          messages.push(message);
          channel.send(message);
        });
        const closed = new Promise<string>((resolve) => {
          channel.onClose(resolve);
        });
        this.accepted.push({ channel, handshake, messages, closed });
      },
    };
  }

  /** The only channel so far. */
  get only(): Accepted {
    const [accepted] = this.accepted;
    if (accepted === undefined || this.accepted.length > 1) {
      throw new TypeError(`there are ${this.accepted.length} channels`);
    }
    return accepted;
  }
}

/** A client that is open. Rejects when it is refused. */
export async function openClient(
  url: string,
  headers: Record<string, string> = {},
): Promise<WebSocket> {
  const client = new WebSocket(url, { perMessageDeflate: false, headers });
  await once(client, "open");
  return client;
}

/** The next message that comes to a client. */
export async function nextMessage(client: WebSocket): Promise<Buffer> {
  const [data] = (await once(client, "message")) as [Buffer];
  return data;
}

/** Code and reason with which a client's connection ends. */
export async function nextClose(client: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await once(client, "close")) as [number, Buffer];
  return { code, reason: reason.toString() };
}

/** A WebSocket made by hand over a bare socket, for frames that a well-behaved client would not send. */
export async function openRawClient(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.write(
    "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
      "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await once(socket, "data");
  return socket;
}
