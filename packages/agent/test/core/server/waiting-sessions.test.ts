import { beforeEach, describe, expect, test } from "@jest/globals";
import { createChannelPair, type HostPeer, openSession, type Params } from "@sonde/protocol";
import { AgentServer } from "../../../src/server/agent-server.js";
import { FakeKernel, settle } from "../fake-kernel.js";

let fake: FakeKernel;
let server: AgentServer;

beforeEach(() => {
  fake = new FakeKernel();
  server = new AgentServer(fake, { agentName: "agent" });
});

const map: Params<"plan.run">["steps"][number] = {
  kind: "createMap",
  name: "counts",
  type: 1,
  keySizeBytes: 4,
  valueSizeBytes: 8,
  maxEntries: 10,
  flags: 0,
};

/** A host with a map, whose link is then lost. */
async function comeAndGo(): Promise<{ session: Uint8Array; peer: HostPeer }> {
  const { session, peer } = await connect();
  await peer.call("plan.run", { steps: [map] });
  peer.close("without a word to the agent");
  await settle();
  return { session, peer };
}

async function connect(): Promise<{ session: Uint8Array; peer: HostPeer }> {
  const [hostEnd, agentEnd] = createChannelPair();
  server.accept(agentEnd, { leaseSeconds: 30 });
  const { peer, hello } = await openSession(hostEnd, {
    client: "test",
    randomBytes: (length) => new Uint8Array(length).fill(1),
  });
  return { session: hello.session, peer };
}

describe("sessions that wait for their hosts", () => {
  test("are kept for the lease, and what they own with them", async () => {
    await comeAndGo();
    expect(server.sessionCount).toBe(1);
    await server.close();
    expect(server.sessionCount).toBe(0);
  });

  test("are 32 at most: then the oldest ends", async () => {
    for (let count = 0; count < 40; count++) await comeAndGo();
    expect(server.sessionCount).toBe(32);
    await server.close();
  });

  test("end with their link when they own nothing", async () => {
    const { peer } = await connect();
    await peer
      .call("map.lookup", { map: 1 as never, key: new Uint8Array(4) })
      .catch(() => undefined);
    peer.close("without a word to the agent");
    await settle();
    expect(server.sessionCount).toBe(0);
  });
});
