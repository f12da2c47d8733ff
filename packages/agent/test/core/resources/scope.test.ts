import { describe, expect, test } from "@jest/globals";
import { SyscallError } from "../../../src/kernel/errors.js";
import { type Resource } from "../../../src/resources/resource.js";
import { Scope } from "../../../src/resources/scope.js";
import { FakeKernel, settle } from "../fake-kernel.js";

/** Something with one descriptor that notes what is done with it. */
function resource(
  fake: FakeKernel,
  name: string,
  more: { readonly silences?: boolean; readonly afterClose?: () => void } = {},
): Resource {
  let fds = [fake.createFd()];
  const take = (): number[] => {
    const taken = fds;
    fds = [];
    return taken;
  };
  return {
    disable: () => {
      fake.calls.push(`disable ${name}`);
      return more.silences === true ? take() : [];
    },
    release: () => {
      fake.calls.push(`release ${name}`);
      return take();
    },
    afterClose: () => {
      fake.calls.push(`after ${name}`);
      more.afterClose?.();
    },
  };
}

describe("a scope", () => {
  test("closes newest first: silence, release, descriptors, the rest", async () => {
    const fake = new FakeKernel();
    const scope = new Scope(fake);
    for (const name of ["map", "program", "link"]) {
      scope.add(resource(fake, name, { silences: name === "link" }));
    }
    await scope.close();
    expect(fake.calls).toEqual([
      "disable link",
      "disable program",
      "disable map",
      "release link",
      "release program",
      "release map",
      "close 5 -> 0",
      "close 4 -> 0",
      "close 3 -> 0",
      "after link",
      "after program",
      "after map",
    ]);
  });

  test("closes once, however often it is told to", async () => {
    const fake = new FakeKernel();
    const scope = new Scope(fake);
    scope.add(resource(fake, "map"));
    await Promise.all([scope.close(), scope.close()]);
    await scope.close();
    expect(fake.calls.filter((call) => call.startsWith("close"))).toEqual(["close 3 -> 0"]);
  });

  test("lets go at once, so that nothing is called while descriptors are still closing", () => {
    const fake = new FakeKernel();
    const scope = new Scope(fake);
    scope.add(resource(fake, "stream"));
    void scope.close();
    expect(scope.isClosed).toBe(true);
    expect(fake.calls).toEqual(["disable stream", "release stream"]);
  });

  test("disables without closing", async () => {
    const fake = new FakeKernel();
    const scope = new Scope(fake);
    scope.add(resource(fake, "map"));
    scope.add(resource(fake, "link", { silences: true }));
    await scope.disable();
    expect(fake.calls).toEqual(["disable link", "disable map", "close 4 -> 0"]);
    expect(scope.size).toBe(2);
  });

  test("closes only what it owns when asked for some", async () => {
    const fake = new FakeKernel();
    const scope = new Scope(fake);
    const kept = scope.add(resource(fake, "kept"));
    const first = scope.add(resource(fake, "first"));
    const second = scope.add(resource(fake, "second"));
    await scope.closeOnly([first, second, resource(fake, "another's")]);
    expect(fake.calls.filter((call) => call.startsWith("release"))).toEqual([
      "release second",
      "release first",
    ]);
    await scope.closeOnly([first]);
    expect(scope.size).toBe(1);
    await scope.closeOnly([kept]);
    expect(scope.size).toBe(0);
  });

  test("finishes the others when one cannot be cleaned up, and says so", async () => {
    const fake = new FakeKernel();
    const scope = new Scope(fake);
    const failure = { action: "remove probe", syscall: "write", errno: 16, errnoName: "EBUSY" };
    scope.add(resource(fake, "old"));
    scope.add(
      resource(fake, "busy", {
        afterClose: () => {
          throw new SyscallError(failure);
        },
      }),
    );
    await scope.close();
    expect(fake.logged).toEqual(["clean up: remove probe: write: EBUSY"]);
    expect(fake.calls).toContain("after old");
  });

  test("silences several at a time, each waiting for the kernel on its own", async () => {
    const fake = new FakeKernel();
    const scope = new Scope(fake);
    for (let index = 0; index < 6; index++) {
      scope.add(resource(fake, `link ${index}`, { silences: true }));
    }
    let waiting = 0;
    const release: (() => void)[] = [];
    fake.closeInBackground = (fds) =>
      new Promise((resolve) => {
        waiting += fds.length;
        release.push(() => {
          waiting -= fds.length;
          resolve();
        });
      });
    const disabled = scope.disable();
    expect(waiting).toBe(4);
    while (release.length > 0) {
      release.shift()?.();
      await settle();
    }
    await disabled;
    expect(waiting).toBe(0);
  });
});
