import { beforeEach, describe, expect, test } from "@jest/globals";
import {
  createChannelPair,
  type HostPeer,
  openSession,
  type Params,
  RemoteError,
  type Result,
} from "@sonde/protocol";
import { AgentServer } from "../../../src/server/agent-server.js";
import { FakeKernel, settle } from "../fake-kernel.js";

let fake: FakeKernel;
let server: AgentServer;

beforeEach(() => {
  fake = new FakeKernel();
  server = new AgentServer(fake, { agentName: "agent" });
});

async function connect(leaseSeconds = 30): Promise<HostPeer> {
  const [hostEnd, agentEnd] = createChannelPair();
  server.accept(agentEnd, { leaseSeconds });
  const { peer, hello } = await openSession(hostEnd, {
    client: "test",
    randomBytes: (length) => new Uint8Array(length).fill(1),
  });
  peer.begin(hello);
  return peer;
}

const map: Params<"plan.run">["steps"][number] = {
  kind: "createMap",
  name: "counts",
  type: 1,
  keySizeBytes: 4,
  valueSizeBytes: 8,
  maxEntries: 10,
  flags: 0,
};

const note = Uint8Array.of(1, 2, 3);

/** A session that owns a map is detached, and its host goes. */
async function detach(name: string, more: Partial<Params<"session.detach">> = {}): Promise<void> {
  const host = await connect();
  await host.call("plan.run", { steps: [map] });
  await host.call("session.detach", { name, keeps: "oldest", note, ...more });
  host.close("gone home");
  await settle();
}

async function list(): Promise<Result<"session.list">["sessions"]> {
  const host = await connect();
  const { sessions } = await host.call("session.list", {});
  host.close("seen");
  await settle();
  return sessions;
}

async function refusalOf(work: Promise<unknown>): Promise<RemoteError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RemoteError) return error;
  throw new Error("it was not refused");
}

describe("a detached session", () => {
  test("outlives its host, for longer than any lease", async () => {
    await detach("boot");
    fake.advance(100_000_000);
    expect(await list()).toEqual([
      {
        name: "boot",
        ageMilliseconds: 100_000_000n,
        isAttached: false,
        isOver: false,
        keeps: "oldest",
        maps: 1,
        programs: 0,
        attachments: 0,
        streams: 0,
        lost: 0n,
        dropped: 0n,
        waitingBytes: 0n,
      },
    ]);
    expect(server.sessionCount).toBe(1);
  });

  test("gives its note and its handles to the host that attaches", async () => {
    await detach("boot");
    const host = await connect();
    const attached = await host.attach({ name: "boot", takeOver: false });
    expect(attached).toMatchObject({ note, keeps: "oldest", isOver: false, streams: [] });
    const { count } = await host.call("map.dump", { map: handleOf(1), clear: false });
    expect(count).toBe(0);
    expect((await list())[0]?.isAttached).toBe(true);
  });

  test("is alone again as soon as its host leaves, with the note that the host left", async () => {
    await detach("boot");
    const first = await connect();
    await first.attach({ name: "boot", takeOver: false });
    await first.call("session.leave", { note: Uint8Array.of(9) });
    first.close("gone home");
    await settle();
    expect((await list())[0]?.isAttached).toBe(false);
    const second = await connect();
    const attached = await second.attach({ name: "boot", takeOver: false });
    expect([...attached.note]).toEqual([9]);
  });

  test("goes on when the link of the attached host breaks, and whoever comes may have it", async () => {
    await detach("boot");
    const first = await connect();
    await first.attach({ name: "boot", takeOver: false });
    first.close("broken");
    await settle();
    fake.advance(31_000);
    const second = await connect();
    await second.attach({ name: "boot", takeOver: false });
    expect(await second.call("map.delete", { map: handleOf(1), key: new Uint8Array(4) })).toEqual({
      wasPresent: false,
    });
  });

  test("is not taken from its host unless that is asked for; the host is then told", async () => {
    await detach("boot");
    const first = await connect();
    await first.attach({ name: "boot", takeOver: false });
    const second = await connect();
    const refusal = await refusalOf(second.attach({ name: "boot", takeOver: false }));
    expect(refusal.code).toBe("busy");
    // It was not answered by that session: the link is as good as new.
    await second.attach({ name: "boot", takeOver: true });
    expect(await first.closed).toBe("another host has attached to the session");
    expect((await second.call("session.list", {})).sessions[0]?.isAttached).toBe(true);
  });

  test("ends with session.close, its name too", async () => {
    await detach("boot");
    const host = await connect();
    await host.attach({ name: "boot", takeOver: false });
    await host.call("session.close", {});
    expect(fake.openFds.size).toBe(0);
    host.close("done");
    await settle();
    expect(server.sessionCount).toBe(0);
  });

  test("can be stopped from another session: nothing is left when that is answered", async () => {
    await detach("boot");
    const host = await connect();
    await host.call("session.stop", { name: "boot" });
    expect(fake.openFds.size).toBe(0);
    expect((await host.call("session.list", {})).sessions).toEqual([]);
  });

  test("can be stopped by its own host", async () => {
    await detach("boot");
    const host = await connect();
    await host.attach({ name: "boot", takeOver: false });
    await host.call("session.stop", { name: "boot" });
    expect(fake.openFds.size).toBe(0);
    expect((await host.call("session.list", {})).sessions).toEqual([]);
  });

  test("ends with its agent", async () => {
    await detach("boot");
    await server.close();
    expect(fake.openFds.size).toBe(0);
  });

  test("records nothing more after its seconds, and stays", async () => {
    const host = await connect();
    fake.files.set("/sys/kernel/tracing/events/sched/sched_switch/id", "314\n");
    await host.call("plan.run", {
      steps: [
        {
          kind: "loadProgram",
          name: "count",
          type: 5,
          expectedAttachType: 0,
          attachBtfId: 0,
          instructions: Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0),
          maps: [],
          license: "GPL",
          flags: 0,
        },
        {
          kind: "attachTracepoint",
          program: { step: 0 },
          category: "sched",
          name: "sched_switch",
        },
      ],
    });
    await host.call("session.detach", { name: "hour", keeps: "oldest", note, seconds: 3600 });
    host.close("gone home");
    await settle();
    fake.advance(3_599_000);
    expect(fake.calls.some((call) => call.startsWith("ioctl(DISABLE)"))).toBe(false);
    fake.advance(1000);
    expect(fake.calls.some((call) => call.startsWith("ioctl(DISABLE)"))).toBe(true);
    expect((await list())[0]).toMatchObject({ name: "hour", isOver: true, programs: 1 });
  });
});

describe("detaching", () => {
  test("is refused for a name that is taken", async () => {
    await detach("boot");
    expect((await refusalOf(detach("boot"))).code).toBe("busy");
  });

  test("is refused beyond sixteen sessions", async () => {
    for (let index = 0; index < 16; index++) await detach(`trace-${index}`);
    const refusal = await refusalOf(detach("one-more"));
    expect(refusal.details).toMatchObject({ code: "limit", limit: 16 });
    expect(await list()).toHaveLength(16);
  });

  for (const name of ["", "a b", "x".repeat(65), "naïve", "../boot"]) {
    test(`is refused under the name "${name}"`, async () => {
      expect((await refusalOf(detach(name))).code).toBe("protocol");
    });
  }

  test("is refused with more than 64 kB of a note", async () => {
    const large = { note: new Uint8Array(65_537) };
    expect((await refusalOf(detach("boot", large))).code).toBe("protocol");
  });

  test("is refused where a session ends with its link", async () => {
    const host = await connect(0);
    const refusal = await refusalOf(
      host.call("session.detach", { name: "boot", keeps: "oldest", note }),
    );
    expect(refusal.code).toBe("unsupported");
  });

  test("is refused twice for one session", async () => {
    const host = await connect();
    await host.call("session.detach", { name: "boot", keeps: "oldest", note });
    const refusal = await refusalOf(
      host.call("session.detach", { name: "other", keeps: "oldest", note }),
    );
    expect(refusal.code).toBe("protocol");
  });
});

test("a name that is not there is answered with those that are", async () => {
  await detach("boot");
  await detach("net");
  const host = await connect();
  const attached = await refusalOf(host.attach({ name: "nope", takeOver: false }));
  expect(attached.details).toMatchObject({ code: "missing", hint: "there are: boot, net" });
  const stopped = await refusalOf(host.call("session.stop", { name: "nope" }));
  expect(stopped.details).toMatchObject({ code: "missing", hint: "there are: boot, net" });
});

test("only a detached session can be left", async () => {
  const host = await connect();
  expect((await refusalOf(host.call("session.leave", {}))).code).toBe("protocol");
});

function handleOf(value: number): Params<"map.dump">["map"] {
  // The wire's names are numbers.
  return value as Params<"map.dump">["map"];
}
