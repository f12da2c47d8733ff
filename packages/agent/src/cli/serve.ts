import { AgentServer } from "../server/agent-server.js";
import { IdleWatch } from "../server/idle-watch.js";
import { SerialListener, SerialPortError } from "../server/serial-listener.js";
import { AuthenticationThrottle } from "../system/node/authentication-throttle.js";
import { ListenError } from "../system/node/listener-error.js";
import { type Listener, listenOnTcp, listenOnUnix, serveStdio } from "../system/node/listeners.js";
import { createNodeSystem } from "../system/node/node-system.js";
import { type AcceptChannel, type UpgradeOptions } from "../system/node/upgrade-server.js";
import { type System } from "../system/system.js";
import { assertNever } from "./assert-never.js";
import { type ServeCommand, UsageError, type Way } from "./command-line.js";
import { readKeyFile } from "./key-file.js";
import { listenOnRelay } from "./relay-listener.js";
import { readTlsFiles } from "./tls-files.js";
import { version } from "./version.js";

/** A host over TCP that is silent for longer has lost its link; its session then waits for the lease. */
const longestSilenceMilliseconds = 10_000;

/**
 * Serves hosts until a signal comes, standard input ends, a host stops it, or it has been idle for long enough; returns when
 * nothing of any session is left. Throws UsageError, ListenError, RelayHeldError and UnsupportedPlatformError.
 */
export async function serve(command: ServeCommand): Promise<void> {
  if (command.ways.some((way) => way.kind === "stdio") && process.stdin.isTTY) {
    throw new UsageError("--stdio is for a sonde at the other end, and this is a terminal");
  }
  const key = command.keyFile === undefined ? undefined : readKeyFile(command.keyFile);
  const system = createNodeSystem();
  const end = waitForEnd(command.ways);
  const server = new AgentServer(system, {
    ...(key === undefined ? {} : { key }),
    agentName: `sonde-agent ${version}`,
    // Who set up an agent that stays did not mean hosts to end it.
    ...(command.idleSeconds === undefined ? {} : { onStop: end.finish }),
  });
  const throttle = new AuthenticationThrottle(() => system.now());

  const idle =
    command.idleSeconds === undefined
      ? undefined
      : new IdleWatch({
          system,
          idleSeconds: command.idleSeconds,
          isBusy: () => server.sessionCount > 0,
          onIdle: end.finish,
        });
  const listeners: Listener[] = [];
  try {
    for (const way of command.ways) {
      const listener = await openWay(way, {
        system,
        hasKey: key !== undefined,
        leaseSeconds: command.leaseSeconds,
        server,
        throttle,
        onEnd: end.finish,
      });
      listeners.push(listener);
      // Over stdio the host is there already, and its person need not hear of it.
      if (way.kind !== "stdio") system.log(`listening on ${listener.address}`);
    }
    await end.promise;
  } finally {
    idle?.stop();
    for (const listener of listeners) listener.close();
    await server.close();
  }
}

interface Setting {
  readonly system: System;
  readonly hasKey: boolean;
  readonly leaseSeconds: number;
  readonly server: AgentServer;
  readonly throttle: AuthenticationThrottle;
  readonly onEnd: () => void;
}

async function openWay(way: Way, setting: Setting): Promise<Listener> {
  const { system, server, throttle, leaseSeconds } = setting;
  const accept: AcceptChannel = (channel, handshake) => {
    server.accept(channel, handshake);
  };
  const acceptWithLease: AcceptChannel = (channel, handshake) => {
    server.accept(channel, { ...handshake, leaseSeconds });
  };
  const silenceMilliseconds = Math.min(leaseSeconds * 1000, longestSilenceMilliseconds);
  switch (way.kind) {
    case "tcp":
      return await openTcp(
        way,
        { silenceMilliseconds, throttle, accept: acceptWithLease },
        setting,
      );
    case "unix":
      return listenOnUnix({ path: way.path, throttle, accept });
    case "relay":
      // At the other end is a connect, which may be at the end of a link that has been cut without a word.
      return listenOnRelay(system, {
        path: way.path,
        silenceMilliseconds,
        throttle,
        accept: acceptWithLease,
      });
    case "serial":
      return openSerial(way, setting);
    case "stdio":
      return serveStdio({
        onEnd: setting.onEnd,
        throttle,
        accept,
      });
    default:
      return assertNever(way);
  }
}

async function openTcp(
  { host, port, tls }: Extract<Way, { kind: "tcp" }>,
  upgrades: UpgradeOptions,
  { system, hasKey }: Setting,
): Promise<Listener> {
  const options = { ...upgrades, host, port, hasKey };
  if (tls === undefined) return await listenOnTcp(options);
  const identity = readTlsFiles(tls, Date.now());
  const listener = await listenOnTcp({ ...options, tls: identity.settings });
  for (const warning of identity.warnings) system.log(warning);
  system.log(`hosts can be sure of this agent by --pin ${identity.pin}`);
  return listener;
}

function openSerial(way: Extract<Way, { kind: "serial" }>, setting: Setting): Listener {
  const { system, server, leaseSeconds, throttle, hasKey } = setting;
  const { device, baud } = way;
  const onWrongKey = (): Promise<void> => {
    throttle.recordFailure(device);
    return new Promise((resolve) => {
      system.after(throttle.delayMilliseconds(device), resolve);
    });
  };
  try {
    const listener = new SerialListener({ system, server, device, baud, leaseSeconds, onWrongKey });
    if (!hasKey) system.log(`whoever reaches the other end of ${device} is let in: no --key-file`);
    return listener;
  } catch (cause) {
    if (cause instanceof SerialPortError) throw new ListenError(cause.message, { cause });
    throw cause;
  }
}

/** A terminal's Ctrl-C reaches a host and the agent it started alike: over stdio it is the host that decides. */
function waitForEnd(ways: readonly Way[]): { promise: Promise<void>; finish: () => void } {
  let finish = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const isStdio = ways.some((way) => way.kind === "stdio");
  process.on("SIGTERM", finish);
  process.on("SIGHUP", finish);
  process.on("SIGINT", isStdio ? (): void => undefined : finish);
  return { promise, finish };
}
