import { describe, expect, test } from "@jest/globals";
import { strangerLimit, Strangers } from "../../../src/listeners/strangers.js";

/** A connection of somebody who has not been let in. */
class FakeConnection {
  readonly name: string;
  readonly close: () => void;
  isDropped = false;

  constructor(strangers: Strangers, address: string, port: number) {
    this.name = `${address} ${port}`;
    const drop = (): void => {
      this.isDropped = true;
    };
    this.close = strangers.add(this.name, { address, drop });
  }
}

/** So many connections from an address, the oldest first. */
function connect(
  strangers: Strangers,
  address: string,
  count: number,
  firstPort = 1000,
): FakeConnection[] {
  return Array.from(
    { length: count },
    (_, index) => new FakeConnection(strangers, address, firstPort + index),
  );
}

const dropped = (connections: readonly FakeConnection[]): number =>
  connections.filter(({ isDropped }) => isDropped).length;

describe("connections whose hosts have not been let in", () => {
  test("are kept up to the limit, and beyond it the oldest is dropped", () => {
    const connections = connect(new Strangers(), "10.0.0.1", strangerLimit + 3);
    expect(connections.map(({ isDropped }) => isDropped).lastIndexOf(true)).toBe(2);
    expect(dropped(connections)).toBe(3);
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
    for (const { name } of welcome) strangers.letIn(name);
    const gone = connect(strangers, "10.0.0.2", strangerLimit);
    for (const connection of gone) connection.close();
    const next = connect(strangers, "10.0.0.3", strangerLimit);
    expect(dropped([...welcome, ...gone, ...next])).toBe(0);
  });

  test("count although they come from the port of one that has not quite gone", () => {
    const strangers = new Strangers();
    const before = connect(strangers, "10.0.0.1", 1);
    const after = connect(strangers, "10.0.0.1", 1);
    before[0]?.close();
    connect(strangers, "10.0.0.1", strangerLimit, 2000);
    expect(dropped(after)).toBe(1);
  });
});
