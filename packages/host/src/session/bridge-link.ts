import { describeNoise, LinkEndpoint, type LinkReport, type MessageChannel } from "@sonde/protocol";
import { randomBytes } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import { ConnectError } from "./errors.js";
import { type TargetAddress } from "./target-url.js";

/** An agent's own silence limit is its lease; a host that waits longer than the usual one learns of it by asking. */
const silenceMilliseconds = 30_000;
/** A whole map, as over a WebSocket. */
const messageLimitBytes = 603_979_776;
/** For the goodbye to reach the agent. */
const endMilliseconds = 3000;

/** A link to an agent at the other end of a serial line, through a bridge. */
export interface BridgeLink {
  readonly channel: MessageChannel;
  /** What the line has been like so far. */
  report(): LinkReport;
  /** Hangs up, once the agent has heard that the session is over. */
  end(): Promise<void>;
}

/** Connects to a bridge and finds the agent behind it. Throws ConnectError. */
export async function openBridge(
  address: Extract<TargetAddress, { kind: "tcp" }>,
  timeoutMilliseconds: number,
): Promise<BridgeLink> {
  const what = `tcp://${address.host}:${address.port}`;
  const socket = await connectTcp(what, address, timeoutMilliseconds);
  return await findAgent(what, socket, address.baud, timeoutMilliseconds);
}

function connectTcp(
  what: string,
  { host, port }: { readonly host: string; readonly port: number },
  timeoutMilliseconds: number,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, noDelay: true });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new ConnectError(`${what}: the bridge did not answer in time`));
    }, timeoutMilliseconds);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (cause) => {
      clearTimeout(timer);
      reject(new ConnectError(`${what}: ${cause.message}`, { cause }));
    });
  });
}

function findAgent(
  what: string,
  socket: Socket,
  baud: number,
  timeoutMilliseconds: number,
): Promise<BridgeLink> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      clearTimeout(timer);
      socket.destroy();
      const noise = describeNoise(endpoint.report());
      const hint = `is an agent running there? start one with: sonde-agent --serial DEVICE --baud ${baud}`;
      reject(
        new ConnectError(`${what}: ${reason}${noise === undefined ? "" : `; ${noise}`}`, { hint }),
      );
    };
    const endpoint = new LinkEndpoint({
      role: "host",
      baud,
      line: { write: (bytes) => socket.write(bytes), outsideBytes: () => socket.writableLength },
      clock: nodeClock,
      randomU32: () => randomBytes(4).readUInt32LE(),
      silenceMilliseconds,
      messageLimitBytes,
      onChannel: (channel) => {
        clearTimeout(timer);
        const watched = watchClose(channel);
        resolve({
          channel: watched.channel,
          report: () => endpoint.report(),
          end: async () => {
            await within(watched.closed, endMilliseconds);
            socket.destroy();
          },
        });
      },
      onRefused: ({ reason }) => {
        fail(reason);
      },
    });
    const timer = setTimeout(() => {
      fail("no agent answered over the line");
    }, timeoutMilliseconds);
    let fault = "the bridge hung up";
    socket.on("error", (error) => {
      fault = error.message;
    });
    socket.on("close", () => {
      endpoint.lineLost(fault);
    });
    socket.on("data", (bytes) => {
      endpoint.receive(bytes);
    });
    endpoint.start();
  });
}

const nodeClock = {
  now: () => performance.now(),
  after: (milliseconds: number, callback: () => void): { cancel(): void } => {
    const timer = setTimeout(callback, milliseconds);
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
};

/** A channel has one handler of its close, and that is its user's. */
function watchClose(channel: MessageChannel): {
  readonly channel: MessageChannel;
  readonly closed: Promise<void>;
} {
  let resolveClosed = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    resolveClosed = resolve;
  });
  const watched: MessageChannel = {
    send: (message, onSent) => {
      channel.send(message, onSent);
    },
    get queuedBytes() {
      return channel.queuedBytes;
    },
    onMessage: (handler) => {
      channel.onMessage(handler);
    },
    onClose: (handler) => {
      channel.onClose((reason) => {
        resolveClosed();
        handler(reason);
      });
    },
    close: (reason) => {
      channel.close(reason);
    },
  };
  return { channel: watched, closed };
}

async function within(promise: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
