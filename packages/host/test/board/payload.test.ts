import { describe, expect, test } from "@jest/globals";
import { type BoardFacts, parseFacts } from "../../src/board/facts.js";
import { choosePayload } from "../../src/board/payload.js";
import { ConnectError } from "../../src/session/errors.js";

const said = `system Linux
machine aarch64
release 6.1.0
tool cksum
tool tar
node v20.19.1 arm64 musl /opt/node 20/bin/node
folder foreign 1000 /tmp/sonde-agent-0
manifest
folder fit 2000 /home/me/.cache/sonde-agent
manifest sonde-agent 1
folder none of these
manifest x
`;

/** What a board lacks for Node's agent, whichever agent is tested otherwise. */
process.env["SONDE_AGENT"] = "node";

const facts: BoardFacts = {
  system: "Linux",
  machine: "aarch64",
  release: "6.1.0",
  tools: new Set(["cksum", "tar"]),
  node: { path: "/opt/node 20/bin/node", version: "20.19.1", processor: "arm64", libc: "musl" },
  folders: [
    { path: "/tmp/sonde-agent-0", state: "foreign", freeKilobytes: 1000, manifest: "" },
    {
      path: "/home/me/.cache/sonde-agent",
      state: "fit",
      freeKilobytes: 2000,
      manifest: "sonde-agent 1",
    },
  ],
};

describe("what is known of a board", () => {
  test("is read from what it says", () => {
    expect(parseFacts(said)).toEqual(facts);
    expect(parseFacts("")).toMatchObject({ system: "", node: undefined, folders: [] });
  });
});

describe("the agent for a board", () => {
  test.each([
    [undefined, "there is no Node on the board (aarch64), and the agent needs Node 20.19 or later"],
    [{ version: "18.20.0" }, "the board's Node is 18.20.0 (/opt/node 20/bin/node)"],
    [{ version: "20.18.9" }, "the board's Node is 20.18.9"],
    [{ processor: "s390x" }, "koffi-s390x-musl.node, is not among sonde's files here"],
  ])("needs more than %j", (change, message) => {
    const node =
      change === undefined || facts.node === undefined ? undefined : { ...facts.node, ...change };
    const choose = (): unknown => choosePayload("ssh://board", { ...facts, node });
    expect(choose).toThrow(ConnectError);
    expect(choose).toThrow(message);
  });
});
