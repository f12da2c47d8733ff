import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type Socket } from "node:net";
import { type Duplex } from "node:stream";
import { type MessageChannel } from "@sonde/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import { type AuthenticationThrottle } from "./authentication-throttle.js";
import { Strangers } from "./strangers.js";
import {
  certificateFault,
  channelBinding,
  type TlsSettings,
  tlsServerOptions,
} from "./tls-settings.js";
import { createWebSocketChannel, type WebSocketChannelOptions } from "./websocket-channel.js";

const headersTimeoutMilliseconds = 10_000;
/** How often Node looks for connections whose headers have not come; 30 s unless said. */
const headersCheckMilliseconds = 2000;
const connectionLimit = 256;

/** Bounds on a host that has not yet been let in; hello and authenticate are a few hundred bytes. */
const handshakeTimeoutMilliseconds = 20_000;
const handshakeLimitBytes = 65_536;

/** Not written in place: ws's types lack closeTimeout (milliseconds). */
const webSocketOptions = {
  noServer: true,
  perMessageDeflate: false,
  clientTracking: false,
  // A plan with a few of the largest programs fits; a message that says it is longer ends the connection.
  maxPayload: 33_554_432,
  // Our hosts never split a message.
  maxFragments: 1024,
  closeTimeout: 2000,
};

/** What the listener wants to hear of the host that it has handed over. */
export interface Handshake {
  /** To be called when the host has been let in: the bounds for strangers are lifted. */
  readonly onReady: () => void;
  /** To be called when the host has a wrong key, which it may be told once the promise has resolved. */
  readonly onWrongKey: () => Promise<void>;
}

/** Takes over a channel; sets its handlers before it returns. */
export type AcceptChannel = (channel: MessageChannel, handshake: Handshake) => void;

export interface UpgradeOptions {
  readonly accept: AcceptChannel;
  readonly throttle: AuthenticationThrottle;
  readonly silenceMilliseconds?: number;
  readonly tls?: TlsSettings;
}

/** An HTTP server, not yet listening, whose only service is to turn connections into channels. */
export function createUpgradeServer(options: UpgradeOptions): Server {
  const { tls, throttle } = options;
  const server = createHttpServer(tls);
  server.maxConnections = connectionLimit;
  const strangers = new Strangers();
  const webSockets = new WebSocketServer(webSocketOptions);

  server.on("connection", (socket: Socket) => {
    strangers.add(socket);
  });

  server.on("request", (_request, response) => {
    response.writeHead(426, { connection: "close", upgrade: "websocket" });
    response.end("sonde-agent speaks WebSocket only\n");
  });

  server.on("upgrade", (request, socket, head) => {
    // Browsers send Origin with every WebSocket, and no host of ours does: a web page must not reach an agent.
    if (request.headers.origin !== undefined) {
      refuse(socket, "403 Forbidden", "connections from web pages are refused");
      return;
    }
    const fault = tls === undefined ? undefined : certificateFault(tls, socket, Date.now());
    if (fault !== undefined) {
      refuse(socket, "403 Forbidden", fault);
      return;
    }
    // There is none on a Unix socket, nor on stdio.
    const address = request.socket.remoteAddress ?? "";
    upgradeAfter(throttle.delayMilliseconds(address), socket, () => {
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        const lift = boundStranger(webSocket, socket);
        const onReady = (): void => {
          strangers.letIn(request.socket);
          lift();
        };
        const onWrongKey = (): Promise<void> => punish(throttle, address);
        const channel = createWebSocketChannel(webSocket, channelOptions(options, socket));
        options.accept(channel, { onReady, onWrongKey });
      });
    });
  });
  return server;
}

function createHttpServer(tls: TlsSettings | undefined): Server {
  const limits = {
    headersTimeout: headersTimeoutMilliseconds,
    requestTimeout: headersTimeoutMilliseconds,
    connectionsCheckingInterval: headersCheckMilliseconds,
  };
  return tls === undefined
    ? createServer(limits)
    : createSecureServer({ ...limits, ...tlsServerOptions(tls) });
}

function channelOptions(options: UpgradeOptions, socket: Duplex): WebSocketChannelOptions {
  const { silenceMilliseconds } = options;
  const binding = channelBinding(socket);
  return {
    ...(silenceMilliseconds === undefined ? {} : { silenceMilliseconds }),
    ...(binding === undefined ? {} : { binding }),
  };
}

function upgradeAfter(delayMilliseconds: number, socket: Duplex, upgrade: () => void): void {
  if (delayMilliseconds === 0) {
    upgrade();
    return;
  }
  const onError = (): void => {
    socket.destroy();
  };
  socket.on("error", onError);
  const timer = setTimeout(() => {
    socket.off("error", onError);
    if (!socket.destroyed) upgrade();
  }, delayMilliseconds);
  timer.unref();
  socket.once("close", () => {
    clearTimeout(timer);
  });
}

/** ws bounds a message; this bounds what a host can make the agent keep before it has been let in. */
function boundStranger(webSocket: WebSocket, socket: Duplex): () => void {
  let receivedBytes = 0;
  const count = (chunk: Uint8Array): void => {
    receivedBytes += chunk.length;
    if (receivedBytes > handshakeLimitBytes) webSocket.terminate();
  };
  const timer = setTimeout(() => {
    webSocket.terminate();
  }, handshakeTimeoutMilliseconds);
  timer.unref();
  const lift = (): void => {
    clearTimeout(timer);
    socket.off("data", count);
  };
  socket.on("data", count);
  socket.once("close", lift);
  return lift;
}

function punish(throttle: AuthenticationThrottle, address: string): Promise<void> {
  throttle.recordFailure(address);
  return new Promise((resolve) => {
    setTimeout(resolve, throttle.delayMilliseconds(address)).unref();
  });
}

function refuse(socket: Duplex, status: string, reason: string): void {
  socket.on("error", () => {
    socket.destroy();
  });
  const body = `${reason}\n`;
  const headers = [
    "connection: close",
    "content-type: text/plain",
    `content-length: ${body.length}`,
  ];
  socket.end([`HTTP/1.1 ${status}`, ...headers, "", body].join("\r\n"), () => {
    socket.destroy();
  });
}
