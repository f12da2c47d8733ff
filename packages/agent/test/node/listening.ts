import {
  type Listener,
  type ListenerOptions,
  type TcpAddress,
} from "../../src/listeners/listener.js";
import * as microTcp from "../../src/listeners/micro/tcp-listener.js";
import * as microUnix from "../../src/listeners/micro/unix-listener.js";
import * as nodeListeners from "../../src/listeners/node/listeners.js";
import { createNodeSystem } from "../../src/system/node/node-system.js";

export type TcpOptions = ListenerOptions & TcpAddress;

/** Listeners on Node's own sockets, or on system calls as the micro agent makes them. */
export interface Implementation {
  readonly name: string;
  readonly onTcp: (options: TcpOptions) => Listener | Promise<Listener>;
  readonly onUnix: (
    options: ListenerOptions & { readonly path: string },
  ) => Listener | Promise<Listener>;
  /** What is said of the name "no such host". */
  readonly unknownName: RegExp;
}

const system = createNodeSystem();

export const implementations: readonly Implementation[] = [
  {
    name: "Node's listeners",
    onTcp: nodeListeners.listenOnTcp,
    onUnix: nodeListeners.listenOnUnix,
    unknownName: /^find no such host: ENOTFOUND$/,
  },
  {
    name: "the micro agent's listeners",
    onTcp: (options) => microTcp.listenOnTcp(system, options),
    onUnix: (options) => microUnix.listenOnUnix(system, options),
    unknownName: /^find no such host: it is not in \/etc\/hosts$/,
  },
];
