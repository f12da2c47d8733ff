import { type MessageChannel } from "@sonde/protocol";
import { type RawData, type WebSocket } from "ws";

/** RFC 6455, section 7.4.1. */
const normalClosure = 1000;
const unsupportedData = 1003;
/** Section 5.5: a control frame carries at most 125 bytes, of which the code takes two. */
const closeReasonLimitBytes = 123;

export interface WebSocketChannelOptions {
  /** Set: ask for a sign of life, and give the link up after about so long without one. */
  readonly silenceMilliseconds?: number;
  /** The channel's. */
  readonly binding?: Uint8Array;
}

/** The channel over an open WebSocket whose frames are binary messages; a text frame ends it. */
export function createWebSocketChannel(
  socket: WebSocket,
  options: WebSocketChannelOptions = {},
): MessageChannel {
  let ownReason: string | undefined;
  let fault: string | undefined;
  const life =
    options.silenceMilliseconds === undefined
      ? undefined
      : watchLife(socket, options.silenceMilliseconds / 3, (reason) => {
          fault = reason;
          socket.terminate();
        });

  // ws closes the socket after an error; 'close' follows.
  socket.on("error", (error) => {
    fault ??= error.message;
  });

  function close(reason: string): void {
    ownReason ??= reason;
    socket.close(normalClosure, truncateReason(reason));
  }

  return {
    ...(options.binding === undefined ? {} : { binding: options.binding }),
    send(message, onSent): void {
      // Node says null where ws's types say undefined.
      socket.send(message, (error: Error | null | undefined) => {
        // After an error the channel closes, which tells the sender all it needs.
        if (error === undefined || error === null) onSent?.();
      });
    },
    get queuedBytes(): number {
      return socket.bufferedAmount;
    },
    onMessage(handler): void {
      socket.on("message", (data, isBinary) => {
        life?.heard();
        if (!isBinary) {
          fault = "the other side sent a text frame";
          socket.close(unsupportedData, "binary messages only");
          return;
        }
        // ws goes on to deliver what came in the same packet.
        if (socket.readyState === socket.OPEN) handler(plainBytes(data));
      });
    },
    onClose(handler): void {
      socket.on("close", (code, reason) => {
        life?.stop();
        handler(fault ?? ownReason ?? describeClose(code, reason.toString()));
      });
    },
    close,
  };
}

/** A Buffer's slice() shares memory where a Uint8Array's copies: the core must not be handed one. */
function plainBytes(data: RawData): Uint8Array {
  // ws gives Buffers unless its binaryType is changed.
  const buffer = data as Buffer;
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function describeClose(code: number, reason: string): string {
  if (reason !== "") return reason;
  // 1006: no close frame came (the other process ended, or the network did).
  return code === 1006 ? "connection lost" : "closed by the other side";
}

function truncateReason(reason: string): string {
  let end = Math.min(reason.length, closeReasonLimitBytes);
  while (Buffer.byteLength(reason.slice(0, end)) > closeReasonLimitBytes) end--;
  return reason.slice(0, end);
}

interface Life {
  heard(): void;
  stop(): void;
}

/** TCP notices a vanished peer only when it sends, and then after minutes: so we ask. */
function watchLife(
  socket: WebSocket,
  intervalMilliseconds: number,
  giveUp: (reason: string) => void,
): Life {
  let silentPings = 0;
  function heard(): void {
    silentPings = 0;
  }
  socket.on("pong", heard);
  socket.on("ping", heard);
  const timer = setInterval(() => {
    if (silentPings === 2) {
      giveUp("the other side has stopped answering");
      return;
    }
    silentPings++;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, intervalMilliseconds);
  timer.unref();
  return {
    heard,
    stop: () => {
      clearInterval(timer);
    },
  };
}
