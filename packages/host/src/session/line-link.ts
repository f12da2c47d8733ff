import { describeNoise, LinkEndpoint, type LinkReport, type MessageChannel } from "@sonde/protocol";
import { randomBytes } from "node:crypto";
import { ConnectError } from "./errors.js";
import { type RawLine } from "./raw-line.js";

/** A line that is silent for longer is lost; the session may go on over another connection. */
const silenceMilliseconds = 10_000;
/** A whole map, as over a WebSocket. */
const messageLimitBytes = 603_979_776;
/** For the goodbye to reach the agent. */
const endMilliseconds = 3000;

/** A link to an agent at the other end of a raw line. */
export interface LineLink {
  readonly channel: MessageChannel;
  /** What the line has been like so far. */
  report(): LinkReport;
  /** Hangs up, once the agent has heard that the session is over. */
  end(): Promise<void>;
}

/** Finds the agent at the other end of a line, which it takes over: also when it throws ConnectError. */
export async function findAgent(
  line: RawLine,
  options: { readonly baud: number; readonly timeoutMilliseconds: number },
): Promise<LineLink> {
  try {
    return await open(line, options);
  } catch (error) {
    await line.close();
    throw error;
  }
}

function open(
  line: RawLine,
  options: { readonly baud: number; readonly timeoutMilliseconds: number },
): Promise<LineLink> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      clearTimeout(timer);
      endpoint.lineLost(reason);
      const noise = describeNoise(endpoint.report());
      reject(
        new ConnectError(`${line.name}: ${reason}${noise === undefined ? "" : `; ${noise}`}`, {
          hint: `is an agent running there? start one with: sonde-agent --serial DEVICE --baud ${options.baud}`,
        }),
      );
    };
    const endpoint = new LinkEndpoint({
      role: "host",
      baud: options.baud,
      line,
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
            endpoint.lineLost("the session is over");
            await line.close();
          },
        });
      },
      onRefused: ({ reason }) => {
        fail(reason);
      },
    });
    const timer = setTimeout(() => {
      endpoint.lineLost("no agent answered over the line");
    }, options.timeoutMilliseconds);
    line.listen({
      onBytes: (bytes) => {
        endpoint.receive(bytes);
      },
      onLost: (reason) => {
        endpoint.lineLost(reason);
      },
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
    ...(channel.bytesPerSecond === undefined ? {} : { bytesPerSecond: channel.bytesPerSecond }),
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
