import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type HostPeer } from "@sonde/protocol";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteFiles } from "../../src/session/remote-files.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sonde-cache-"));
  process.env["SONDE_CACHE"] = folder;
});
afterEach(() => {
  delete process.env["SONDE_CACHE"];
  rmSync(folder, { recursive: true });
});

const path = "/etc/ld.so.cache";

/** A target with one file, and how often it was read. */
class FakeTarget {
  content = "first";
  modified = 1n;
  reads = 0;

  files(bootId: string): RemoteFiles {
    const call = (method: string): Promise<unknown> => {
      if (method === "file.stat") {
        const sizeBytes = BigInt(this.content.length);
        const { modified } = this;
        return Promise.resolve({ file: { path, sizeBytes, modified, device: 1n, inode: 2n } });
      }
      this.reads++;
      return Promise.resolve({ data: new TextEncoder().encode(this.content), isEnd: true });
    };
    // Nothing else of a peer is used.
    return new RemoteFiles({ call } as unknown as HostPeer, bootId);
  }

  async readKept(bootId: string): Promise<string> {
    return Buffer.from(await this.files(bootId).readKept(path)).toString();
  }
}

describe("a file that is kept", () => {
  test("is read once while it stays as it is", async () => {
    const target = new FakeTarget();
    expect(await target.readKept("boot")).toBe("first");
    expect(await target.readKept("boot")).toBe("first");
    expect(target.reads).toBe(1);
  });

  test("is read again when it has changed, and after a boot", async () => {
    const target = new FakeTarget();
    await target.readKept("boot");
    target.content = "other";
    target.modified = 2n;
    expect(await target.readKept("boot")).toBe("other");
    expect(await target.readKept("later")).toBe("other");
    expect(target.reads).toBe(3);
  });

  test("is read again when what is kept is damaged", async () => {
    const target = new FakeTarget();
    await target.readKept("boot");
    const [name = ""] = readdirSync(join(folder, "files"));
    writeFileSync(join(folder, "files", name), "fir");
    expect(await target.readKept("boot")).toBe("first");
    expect(target.reads).toBe(2);
  });

  test("is not kept of a target that does not say when it booted", async () => {
    const target = new FakeTarget();
    await target.readKept("");
    await target.readKept("");
    expect(target.reads).toBe(2);
    expect(readdirSync(folder)).toEqual([]);
  });
});
