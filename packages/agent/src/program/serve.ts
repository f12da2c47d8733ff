import { AuthenticationThrottle } from "../listeners/authentication-throttle.js";
import { type AcceptChannel, type Listener } from "../listeners/listener.js";
import { ListenError } from "../listeners/listener-error.js";
import { AgentServer } from "../server/agent-server.js";
import { IdleWatch } from "../server/idle-watch.js";
import { SerialListener } from "../server/serial-listener.js";
import { SerialPortError } from "../server/serial-port-error.js";
import { type System } from "../system/system.js";
import { assertNever } from "./assert-never.js";
import { type ServeCommand, type Way } from "./command-line.js";
import { placeAgent } from "./placement.js";
import { readKeyFile } from "./key-file.js";
import { type Runtime } from "./runtime.js";
import { UsageError } from "./usage-error.js";
import { version } from "./version.js";

/** A host over TCP that is silent for longer has lost its link; its session then waits for the lease. */
const longestSilenceMilliseconds = 10_000;

/**
 * Serves hosts until a signal comes, standard input ends, a host stops it, or it has been idle for long enough; returns when
 * nothing of any session is left. Throws UsageError, ListenError, RelayHeldError and UnsupportedPlatformError.
 */
export async function serve(runtime: Runtime, command: ServeCommand): Promise<void> {
  if (isOverStdio(command) && runtime.hasTerminal) {
    throw new UsageError("--stdio is for a sonde at the other end, and this is a terminal");
  }
  const system = runtime.createSystem();
  placeAgent(system, command.placement);
  const key = command.keyFile === undefined ? undefined : readKeyFile(system, command.keyFile);
  const end = waitForEnd(runtime, command);
  const server = new AgentServer(system, {
    ...(key === undefined ? {} : { key }),
    agentName: `sonde-agent ${version}`,
    without: command.without,
    allowsPrograms: command.allowsPrograms,
    ...(command.processorShare === undefined ? {} : { processorShare: command.processorShare }),
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
        runtime,
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
  readonly runtime: Runtime;
  readonly system: System;
  readonly hasKey: boolean;
  readonly leaseSeconds: number;
  readonly server: AgentServer;
  readonly throttle: AuthenticationThrottle;
  readonly onEnd: () => void;
}

async function openWay(way: Way, setting: Setting): Promise<Listener> {
  const { runtime, system, server, throttle, leaseSeconds, hasKey, onEnd } = setting;
  /** Whoever can open these could start programs as this user without us. */
  const acceptOwner: AcceptChannel = (channel, handshake) => {
    server.accept(channel, { ...handshake, allowsPrograms: true });
  };
  /** The other end may have been cut off without a word: over TCP, and behind a connect. */
  const cuttable = {
    throttle,
    silenceMilliseconds: Math.min(leaseSeconds * 1000, longestSilenceMilliseconds),
    accept: (...[channel, handshake]: Parameters<AcceptChannel>): void => {
      server.accept(channel, { ...handshake, leaseSeconds });
    },
  };
  switch (way.kind) {
    case "tcp":
      return await runtime.listenOnTcp(system, { ...cuttable, ...way, hasKey });
    case "unix":
      return await runtime.listenOnUnix(system, { path: way.path, throttle, accept: acceptOwner });
    case "relay":
      return await runtime.listenOnRelay(system, {
        ...cuttable,
        path: way.path,
        accept: (channel, handshake) => {
          server.accept(channel, { ...handshake, leaseSeconds, allowsPrograms: true });
        },
      });
    case "serial":
      return openSerial(way, setting);
    case "stdio":
      return runtime.serveStdio(system, { onEnd, throttle, accept: acceptOwner });
    default:
      return assertNever(way);
  }
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
function waitForEnd(
  runtime: Runtime,
  command: ServeCommand,
): { promise: Promise<void>; finish: () => void } {
  let finish = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    finish = resolve;
  });
  runtime.onEndSignal({ ignoresInterrupt: isOverStdio(command) }, finish);
  return { promise, finish };
}

function isOverStdio({ ways }: ServeCommand): boolean {
  return ways.some((way) => way.kind === "stdio");
}
