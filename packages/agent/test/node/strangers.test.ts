import { EventEmitter } from "node:events";
import { type Socket } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { strangerLimit, Strangers } from "../../src/system/node/strangers.js";

/** What Strangers use of a socket. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress: string;
  readonly remotePort: number;
  isDropped = false;

  constructor(address: string, port: number) {
    super();
    this.remoteAddress = address;
    this.remotePort = port;
  }

  destroy(): void {
    this.isDropped = true;
    this.emit("close");
  }
}

/** So many connections from an address, the oldest first. */
function connect(
  strangers: Strangers,
  address: string,
  count: number,
  firstPort = 1000,
): FakeSocket[] {
  return Array.from({ length: count }, (_, index) => {
    const socket = new FakeSocket(address, firstPort + index);
    // A socket has all that a FakeSocket has, and nothing else of it is used.
    strangers.add(socket as unknown as Socket);
    return socket;
  });
}

const dropped = (sockets: readonly FakeSocket[]): number =>
  sockets.filter(({ isDropped }) => isDropped).length;

describe("connections whose hosts have not been let in", () => {
  test("are kept up to the limit, and beyond it the oldest is dropped", () => {
    const sockets = connect(new Strangers(), "10.0.0.1", strangerLimit + 3);
    expect(sockets.map(({ isDropped }) => isDropped).lastIndexOf(true)).toBe(2);
    expect(dropped(sockets)).toBe(3);
  });

  test("make room for those of other addresses, who keep theirs", () => {
    const strangers = new Strangers();
    const few = connect(strangers, "10.0.0.2", 3);
    const many = connect(strangers, "10.0.0.1", 500);
    const late = connect(strangers, "10.0.0.3", 1);
    expect([dropped(few), dropped(late)]).toEqual([0, 0]);
    expect(dropped(many)).toBe(500 - (strangerLimit - 4));
  });

  test("do not count once their hosts have been let in, or they have gone", () => {
    const strangers = new Strangers();
    const welcome = connect(strangers, "10.0.0.1", strangerLimit);
    for (const socket of welcome) strangers.letIn(socket as unknown as Socket);
    const gone = connect(strangers, "10.0.0.2", strangerLimit);
    for (const socket of gone) socket.emit("close");
    const next = connect(strangers, "10.0.0.3", strangerLimit);
    expect(dropped([...welcome, ...gone, ...next])).toBe(0);
  });

  test("count although they come from the port of one that has not quite gone", () => {
    const strangers = new Strangers();
    const before = connect(strangers, "10.0.0.1", 1);
    const after = connect(strangers, "10.0.0.1", 1);
    before[0]?.emit("close");
    connect(strangers, "10.0.0.1", strangerLimit, 2000);
    expect(dropped(after)).toBe(1);
  });
});
