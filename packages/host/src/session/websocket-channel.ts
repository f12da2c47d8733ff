import type { IncomingMessage } from "node:http";
import { type Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { ConnectError } from "./errors.js";
import { describeCloseCode, StreamChannel } from "./stream-channel.js";
import { describeRefusal, upgradeStream } from "./stream-upgrade.js";
import { maxMessageBytes, SilenceWatch, type WatchedChannel } from "./watched-channel.js";

/** Characters taken of what a server says in place of opening a WebSocket. */
const refusalLimit = 300;

/** How to reach the server: a URL, or a byte stream on which it already listens. */
export type WebSocketLink =
  | { readonly url: string }
  | {
      readonly duplex: Duplex;
      /** The channel's, over TLS. */
      readonly binding?: Uint8Array;
    };

/** Opens a WebSocket and gives it as a message channel. Throws ConnectError when it does not open. */
export async function openWebSocket(
  link: WebSocketLink,
  options: {
    readonly what: string;
    readonly timeoutMilliseconds: number;
  },
): Promise<WatchedChannel> {
  if ("duplex" in link) return await openOnStream(link, options);
  // Only here: what it needs of Node takes a while to load.
  const ws = await import("ws");
  const socket = new ws.WebSocket(link.url, {
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handshakeTimeout: options.timeoutMilliseconds,
  });
  const channel = new WebSocketChannel(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", (cause) => {
      reject(describeFailure(options.what, cause));
    });
    socket.once("unexpected-response", (request, response) => {
      void readRefusal(response).then((said) => {
        reject(new ConnectError(`${options.what}: the agent refuses us: ${said}`));
        request.destroy();
      });
    });
  });
  return channel;
}

async function openOnStream(
  { duplex, binding }: Extract<WebSocketLink, { duplex: Duplex }>,
  options: { readonly what: string; readonly timeoutMilliseconds: number },
): Promise<WatchedChannel> {
  try {
    await upgradeStream(duplex, options.timeoutMilliseconds);
  } catch (cause) {
    duplex.destroy();
    throw describeFailure(options.what, cause as Error); // upgradeStream rejects with errors alone
  }
  return new StreamChannel(duplex, binding);
}

class WebSocketChannel implements WatchedChannel {
  readonly #socket: WebSocket;
  #closeReason = "";
  readonly #watch = new SilenceWatch();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    // Bytes, and not messages: a large one may be minutes on its way.
    socket.once("upgrade", ({ socket: stream }) => {
      stream.on("data", () => {
        this.#watch.heard();
      });
    });
    // "close" always follows and tells the rest; without a listener the process would end.
    socket.on("error", (error) => {
      this.#closeReason = error.message;
    });
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: Uint8Array, onSent?: () => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
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
      this.#watch.stop();
      const said = reason.toString();
      handler(
        said !== "" ? said : this.#closeReason !== "" ? this.#closeReason : describeCloseCode(code),
      );
    });
  }

  watch(toleratedMilliseconds: () => number): void {
    this.#watch.start(toleratedMilliseconds, {
      giveUp: (reason) => {
        this.#closeReason = reason;
        this.#socket.terminate();
      },
      askForLife: () => {
        if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
      },
    });
  }

  close(reason: string): void {
    this.#watch.stop();
    if (this.#closeReason === "") this.#closeReason = reason;
    // RFC 6455, 5.5: a control frame holds 125 bytes, two of them the code.
    const fitting = Buffer.from(reason).subarray(0, 120).toString();
    this.#socket.close(1000, fitting);
    setTimeout(() => {
      this.#socket.terminate();
    }, 1000).unref();
  }
}

function describeFailure(what: string, cause: Error): ConnectError {
  const code = "code" in cause ? String(cause.code) : cause.name;
  // An error that stands for those of several addresses has a code alone.
  const message = `${what}: ${cause.message === "" ? code : cause.message}`;
  if (code !== "ECONNRESET" || !what.startsWith("ws://"))
    return new ConnectError(message, { cause });
  const hint =
    "it hung up at once: so does a port forwarder that finds no agent behind it, and an agent that listens with TLS (then write wss://)";
  return new ConnectError(message, { cause, hint });
}

/** What came in place of a WebSocket. */
async function readRefusal(response: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > refusalLimit) break;
    }
  } catch {
    // What came before the connection broke will do.
  }
  return describeRefusal(text, String(response.statusCode ?? "?"));
}
