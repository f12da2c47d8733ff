import { type MessageChannel } from "@sonde/protocol";
import { type Duplex } from "node:stream";
import { WebSocket } from "ws";
import { ConnectError } from "./errors.js";

/** The largest message taken from an agent: a whole map. */
const maxMessageBytes = 512 * 1024 * 1024;

/** How to reach the server: a URL, or a byte stream on which it already listens. */
export type WebSocketLink = { readonly url: string } | { readonly duplex: Duplex };

/** Opens a WebSocket and gives it as a message channel. Throws ConnectError when it does not open. */
export async function openWebSocket(
  link: WebSocketLink,
  options: {
    readonly what: string;
    readonly timeoutMilliseconds: number;
  },
): Promise<MessageChannel> {
  const socket = createSocket(link, options.timeoutMilliseconds);
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", (cause) => {
      reject(new ConnectError(`${options.what}: ${cause.message}`, { cause }));
    });
  });
  return new WebSocketChannel(socket);
}

function createSocket(link: WebSocketLink, timeoutMilliseconds: number): WebSocket {
  const common = {
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handshakeTimeout: timeoutMilliseconds,
  };
  if ("url" in link) return new WebSocket(link.url, common);
  // A private byte stream needs no masking against caches between: a mask of zeros costs nothing to apply.
  return new WebSocket("ws://agent/", {
    ...common,
    createConnection: () => link.duplex as never, // ws asks for net.Socket but uses only what every Duplex has
    generateMask: (mask) => mask.fill(0),
  });
}

class WebSocketChannel implements MessageChannel {
  readonly #socket: WebSocket;
  #closeReason = "";

  constructor(socket: WebSocket) {
    this.#socket = socket;
    // "close" always follows and tells the rest; without a listener the process would end.
    socket.on("error", (error) => {
      this.#closeReason = error.message;
    });
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: Uint8Array, onSent?: () => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(message, { binary: true }, () => onSent?.());
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#socket.on("message", (data, isBinary) => {
      if (isBinary)
        handler(data as Buffer); // binaryType is "nodebuffer"
      else this.close("the agent sent a text message");
    });
  }

  onClose(handler: (reason: string) => void): void {
    this.#socket.once("close", (code, reason) => {
      const said = reason.toString();
      handler(
        said !== "" ? said : this.#closeReason !== "" ? this.#closeReason : describeCode(code),
      );
    });
  }

  close(reason: string): void {
    // RFC 6455, 5.5: a control frame holds 125 bytes, two of them the code.
    const fitting = Buffer.from(reason).subarray(0, 120).toString();
    this.#socket.close(1000, fitting);
    setTimeout(() => {
      this.#socket.terminate();
    }, 1000).unref();
  }
}

function describeCode(code: number): string {
  return code === 1006 ? "the link broke" : `the agent closed the link (code ${code})`;
}
