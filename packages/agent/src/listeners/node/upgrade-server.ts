import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type Socket } from "node:net";
import { type Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { type AuthenticationThrottle } from "../authentication-throttle.js";
import { bounds } from "../bounds.js";
import { type ListenerOptions } from "../listener.js";
import { Strangers } from "../strangers.js";
import {
  certificateFault,
  channelBinding,
  type TlsSettings,
  tlsServerOptions,
} from "./tls-settings.js";
import { createWebSocketChannel, type WebSocketChannelOptions } from "./websocket-channel.js";

/** How often Node looks for connections whose headers have not come; 30 s unless said. */
const headersCheckMilliseconds = 2000;

/** Not written in place: ws's types lack closeTimeout (milliseconds). */
const webSocketOptions = {
  noServer: true,
  perMessageDeflate: false,
  clientTracking: false,
  maxPayload: bounds.messageBytes,
  maxFragments: bounds.fragments,
  closeTimeout: bounds.closeMilliseconds,
};

export interface UpgradeOptions extends ListenerOptions {
  readonly tls?: TlsSettings;
}

/** An HTTP server, not yet listening, whose only service is to turn connections into channels. */
export function createUpgradeServer(options: UpgradeOptions): Server {
  const { tls, throttle } = options;
  const server = createHttpServer(tls);
  server.maxConnections = bounds.connections;
  const strangers = new Strangers();
  const webSockets = new WebSocketServer(webSocketOptions);

  server.on("connection", (socket: Socket) => {
    const name = nameOf(socket);
    // None: a Unix socket's, which only its owner can open; or one that has gone again.
    if (name === undefined) return;
    const drop = (): void => {
      socket.destroy();
    };
    socket.once("close", strangers.add(name, { address: socket.remoteAddress ?? "", drop }));
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
          // A TLS socket has the name of the socket below.
          const name = nameOf(request.socket);
          if (name !== undefined) strangers.letIn(name);
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

/** Of an address and port of its peer a listener has one connection at a time. */
function nameOf({ remoteAddress, remotePort }: Socket): string | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return `${remoteAddress} ${remotePort}`;
}

function createHttpServer(tls: TlsSettings | undefined): Server {
  const limits = {
    headersTimeout: bounds.headersMilliseconds,
    requestTimeout: bounds.headersMilliseconds,
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
    if (receivedBytes > bounds.handshakeBytes) webSocket.terminate();
  };
  const timer = setTimeout(() => {
    webSocket.terminate();
  }, bounds.handshakeMilliseconds);
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
