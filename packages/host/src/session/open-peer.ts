import { ConnectionClosedError, openSession, type HostPeer, type Result } from "@sonde/protocol";
import { randomBytes } from "node:crypto";
import { explainedError } from "./explained-error.js";
import { openLink, type OpenLink } from "./open-link.js";
import { isSlowLine } from "./slow-line.js";
import { type TargetAddress } from "./target-url.js";
import { type TlsOptions } from "./tls-options.js";
import { hostVersion } from "./version.js";

/** How to get to an agent, and to be let in there. */
export interface ConnectOptions {
  /** Shared with the agent; see readKeyFile. */
  readonly key?: Uint8Array;
  /** For a `wss://` target, and for no other. */
  readonly tls?: TlsOptions;
  /** For the link to open and the agent to answer; 15 s unless said. */
  readonly timeoutMilliseconds?: number;
  /** Pass the log of an agent that we started on to standard error. */
  readonly showsAgentLog?: boolean;
  /** False: through ssh and the like, only connect to an agent that is running. */
  readonly startsAgent?: boolean;
  /** Called when the link is open, and before the agent is greeted. */
  readonly onOpen?: () => void;
}

/** A link whose agent has let us in. */
export interface OpenPeer {
  readonly link: OpenLink;
  readonly peer: HostPeer;
  readonly hello: Result<"hello">;
  /** Gives the agent so long from now, when it has more to do than to answer. */
  allow(milliseconds: number): void;
}

/** A link on which nothing has come for so long is lost, where its session can go on over another. */
const longestSilenceMilliseconds = 10_000;
/** The same while the agent's kernel has work that keeps the agent waiting: a slow board verifies a large program for 20 s. */
const busySilenceMilliseconds = 60_000;

/**
 * Opens a link to the agent of a target and greets it; `use`, when given, makes more of it, within the same time. Leaves
 * nothing open when it throws TargetError, ConnectError, or RemoteError when the agent refuses.
 */
export async function openPeer<T>(
  target: string,
  address: TargetAddress,
  options: ConnectOptions,
  use: (opened: OpenPeer) => Promise<T>,
): Promise<T> {
  const timeoutMilliseconds = options.timeoutMilliseconds ?? 15_000;
  const link = await openLink(address, {
    timeoutMilliseconds,
    showsAgentLog: options.showsAgentLog ?? false,
    tls: options.tls ?? {},
    hasKey: options.key !== undefined,
    startsAgent: options.startsAgent ?? true,
  });
  options.onOpen?.();
  let timer: NodeJS.Timeout | undefined;
  const allow = (milliseconds: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      link.channel.close("the agent did not answer in time");
    }, milliseconds);
  };
  allow(timeoutMilliseconds);
  try {
    const { peer, hello } = await openSession(link.channel, {
      client: `sonde ${hostVersion}`,
      randomBytes: (length) => new Uint8Array(randomBytes(length)),
      ...(options.key === undefined ? {} : { key: options.key }),
      compresses: isSlowLine(link.channel),
    });
    if (hello.leaseSeconds > 0) {
      const usual = Math.min(hello.leaseSeconds * 1000, longestSilenceMilliseconds);
      link.watch?.(() => (peer.isAgentBusy ? Math.max(usual, busySilenceMilliseconds) : usual));
    }
    return await use({ link, peer, hello, allow });
  } catch (error) {
    link.channel.close("the session did not begin");
    const said = await link.explain();
    await link.end();
    if (error instanceof ConnectionClosedError) {
      throw explainedError(target, said === "" ? error.message : said, error);
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
