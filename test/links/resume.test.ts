import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect } from "@jest/globals";
import { startGenerator } from "../../bench/generator.js";
import { Random } from "../../packages/protocol/test/link/random.js";
import { CutProxy } from "../support/cut-proxy.js";
import { heldBy } from "../support/kernel-objects.js";
import {
  hostCommand,
  RunningAgent,
  RunningCommand,
  residentBytesOf,
  startAgent,
  until,
} from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { endOf, interrupt, startAttached } from "../support/sonde.js";

/** A session outlives its link: what a cut costs is time, and nothing else. */
const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf");

const seed = Number(process.env["SONDE_CUT_SEED"] ?? Date.now() % 0x1_0000_0000);

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** An agent on TCP, and a way to it that can be cut. */
async function startCuttable(
  ...options: readonly string[]
): Promise<{ agent: RunningCommand; proxy: CutProxy; target: string }> {
  const { agent, target } = await startAgent("--listen", "ws://127.0.0.1:0", ...options);
  const proxy = await CutProxy.open(Number(new URL(target).port));
  closers.push(() => {
    proxy.close();
    agent.kill("SIGKILL");
  });
  return { agent, proxy, target: `ws://127.0.0.1:${proxy.port}` };
}

const countCalls =
  'tracepoint:syscalls:sys_enter_getppid /pid == $1/ { @n++; printf("%d\\n", @n); }';
/** A trace that prints a number ten times a second. */
const countTenths = 'interval:ms:100 { @n++; printf("%d\\n", @n); }';

function numbersIn(output: string): number[] {
  return output
    .split("\n")
    .filter((line) => /^\d+$/.test(line))
    .map(Number);
}

/** From 1 on, without a gap. */
function expectCounting(numbers: readonly number[]): void {
  expect(numbers).toEqual(Array.from(numbers, (_, index) => index + 1));
}

describe(`a link over TCP that breaks (SONDE_CUT_SEED=${seed})`, () => {
  tracing(
    "cut 100 times at 50,000 events a second: delivered plus lost is what was produced, nothing twice, and the agent's memory does not grow",
    async () => {
      const { agent, proxy, target } = await startCuttable();
      const random = new Random(seed);
      const cuts = 100;
      const ratePerSecond = 50_000;
      const generator = await startGenerator({ count: 20 * ratePerSecond, ratePerSecond });
      closers.push(() => {
        generator.stop();
      });
      const sonde = await startAttached(["-t", target, "-e", countCalls, String(generator.pid)]);
      const produced = generator.run();
      let warm = 0;
      for (let cut = 0; cut < cuts; cut++) {
        await delay(random.between(0, 200));
        const before = proxy.connections;
        proxy.cut({ refuses: false });
        await until(() => proxy.connections > before, 20_000);
        if (cut === cuts / 4) warm = residentBytesOf(agent.pid);
      }
      const grown = residentBytesOf(agent.pid) - warm;
      const { count } = await produced;
      await until(() => (sonde.errors.match(/^resumed after/gm) ?? []).length >= 1, 20_000);
      const { errors, output } = await interrupt(sonde);
      const numbers = numbersIn(output);
      const lost = Number(/^Lost (\d+) events in all/m.exec(errors)?.[1] ?? 0);
      expect(proxy.connections).toBeGreaterThan(cuts);
      expect(
        numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)),
      ).toBe(true);
      expect(numbers.length + lost).toBe(count);
      expect(grown).toBeLessThan(30_000_000);
    },
    180_000,
  );

  tracing("is told of, and the session goes on where it was", async () => {
    const { proxy, target } = await startCuttable();
    const sonde = await startAttached(["-t", target, "-e", countTenths]);
    await sonde.prints(/^3$/m);
    proxy.cut({ refuses: true });
    await sonde.says(/^link lost \(.+\), reconnecting for up to 30 s$/m);
    await delay(700);
    proxy.mend();
    const [, seconds] = await sonde.says(/^resumed after (\d+\.\d) s, 0 lost$/m);
    expect(Number(seconds)).toBeGreaterThanOrEqual(0.6);
    await sonde.prints(/^20$/m);
    const { code, output } = await interrupt(sonde);
    expect(code).toBe(130);
    expectCounting(numbersIn(output));
  });

  tracing("is noticed when nothing comes any more, as when a cable is pulled", async () => {
    const { proxy, target } = await startCuttable("--lease", "3");
    const sonde = await startAttached(["-t", target, "-e", countTenths]);
    await sonde.prints(/^3$/m);
    proxy.fallSilent();
    await sonde.says(/^link lost \(nothing came from the agent for 3 s\)/m);
    proxy.mend();
    await sonde.says(/^resumed after/m);
    const { output } = await interrupt(sonde);
    expectCounting(numbersIn(output));
  });

  tracing(
    "and stays broken ends the session on both sides when the lease has run out",
    async () => {
      const { agent, proxy, target } = await startCuttable("--lease", "2");
      const sonde = await startAttached(["-t", target, "-e", countTenths]);
      await sonde.prints(/^3$/m);
      proxy.cut({ refuses: true });
      const { code, errors } = await endOf(sonde);
      expect(code).toBe(2);
      expect(errors).toMatch(
        /^sonde: the session is gone: it could not be reached again \(.*\); the last event came at \d\d:\d\d:\d\d\.\d{3}, and how many were lost after that is unknown$/m,
      );
      await agent.says(/its session is over/);
      await until(() => heldBy(agent.pid).size === 0, 10_000);
    },
  );

  tracing("while a request is being answered: it runs once, and its answer comes", async () => {
    const { proxy, target } = await startCuttable();
    const script =
      "tracepoint:syscalls:sys_enter_getppid /pid == $1/ { @calls = count(); } interval:ms:50 { print(@calls); clear(@calls); }";
    const generator = await startGenerator({ count: 200_000, ratePerSecond: 50_000 });
    closers.push(() => {
      generator.stop();
    });
    const sonde = await startAttached(["-t", target, "-e", script, String(generator.pid)]);
    const produced = generator.run();
    for (let cut = 0; cut < 20; cut++) {
      await delay(137);
      proxy.cut({ refuses: false });
    }
    const { count } = await produced;
    await delay(200);
    const { output } = await interrupt(sonde);
    const sum = [...output.matchAll(/^@calls: (\d+)$/gm)].reduce(
      (total, [, part]) => total + Number(part),
      0,
    );
    expect(sum).toBe(count);
  });

  tracing("and Ctrl-C meanwhile ends the waiting", async () => {
    const { proxy, target } = await startCuttable("--lease", "20");
    const sonde = await startAttached(["-t", target, "-e", countTenths]);
    proxy.cut({ refuses: true });
    await sonde.says(/^link lost/m);
    const start = performance.now();
    const { code, errors } = await interrupt(sonde);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(code).toBe(2);
    expect(errors).toContain("interrupted before its link was back");
  });
});

describe("an agent that is killed and started again", () => {
  tracing("does not have the session: exit code 2, with the time of the last event", async () => {
    const { agent, target } = await startAgent("--listen", "ws://127.0.0.1:0");
    const sonde = await startAttached(["-t", target, "-e", countTenths]);
    await sonde.prints(/^3$/m);
    agent.kill("SIGKILL");
    await agent.ended;
    const again = new RunningAgent(["--listen", target]);
    closers.push(() => {
      again.kill("SIGKILL");
    });
    const { code, errors } = await endOf(sonde);
    expect(code).toBe(2);
    expect(errors).toMatch(
      /the session is gone: the agent does not have it any more: it was restarted, or the lease had run out; the last event came at \d\d:\d\d:\d\d\.\d{3}, and how many were lost after that is unknown/,
    );
    expect(heldBy(again.pid).size).toBe(0);
  });

  tracing("and one that ends in an orderly way says so: nobody waits for the lease", async () => {
    const { agent, target } = await startAgent("--listen", "ws://127.0.0.1:0");
    const sonde = await startAttached(["-t", target, "-e", countTenths]);
    await sonde.prints(/^3$/m);
    agent.kill("SIGTERM");
    const { code, errors } = await endOf(sonde);
    expect(code).toBe(2);
    expect(errors).toContain("the agent is ending");
    expect(errors).not.toContain("link lost");
  });
});

describe("a host over TCP", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    tracing(`that gets ${signal} leaves nothing in the kernel`, async () => {
      const { agent, target } = await startCuttable();
      const sonde = await startAttached(["-t", target, "-e", countTenths]);
      await sonde.prints(/^3$/m);
      expect(heldBy(agent.pid).size).toBeGreaterThan(0);
      sonde.kill(signal);
      expect((await endOf(sonde)).code).toBe(130);
      expect(heldBy(agent.pid).size).toBe(0);
    });
  }

  tracing("whose terminal is closed leaves nothing in the kernel", async () => {
    const { agent, target } = await startCuttable();
    const words = [process.execPath, hostCommand, "trace", "-t", target, "-e", countTenths];
    const line = words.map((word) => `'${word}'`).join(" ");
    const terminal = new RunningCommand("script", ["-qfec", line, "/dev/null"]);
    await terminal.prints(/^3\r?$/m);
    expect(heldBy(agent.pid).size).toBeGreaterThan(0);
    terminal.kill("SIGKILL");
    await until(() => heldBy(agent.pid).size === 0, 20_000);
    expect(heldBy(agent.pid).size).toBe(0);
    expect(agent.errors).not.toContain("link is lost");
  });

  tracing("that is killed leaves its session running for the lease, and then nothing", async () => {
    const { agent, target } = await startCuttable("--lease", "2");
    const sonde = await startAttached(["-t", target, "-e", countTenths]);
    await sonde.prints(/^3$/m);
    sonde.kill("SIGKILL");
    await agent.says(/its session waits for 2 s/);
    expect(heldBy(agent.pid).size).toBeGreaterThan(0);
    await agent.says(/its session is over/);
    await until(() => heldBy(agent.pid).size === 0, 10_000);
  });

  tracing(
    "that sleeps for longer than the lease, as a laptop does, learns that its session is gone",
    async () => {
      const { agent, target } = await startCuttable("--lease", "1");
      const sonde = await startAttached(["-t", target, "-e", countTenths]);
      await sonde.prints(/^3$/m);
      sonde.kill("SIGSTOP");
      await agent.says(/its session is over/);
      await until(() => heldBy(agent.pid).size === 0, 10_000);
      sonde.kill("SIGCONT");
      const { code, errors } = await endOf(sonde);
      expect(code).toBe(2);
      expect(errors).toContain("the session is gone");
    },
  );

  tracing("that sleeps for less goes on where it was", async () => {
    const { target } = await startCuttable("--lease", "3");
    const sonde = await startAttached(["-t", target, "-e", countTenths]);
    await sonde.prints(/^3$/m);
    sonde.kill("SIGSTOP");
    await delay(4500);
    sonde.kill("SIGCONT");
    await sonde.prints(/^60$/m);
    const { output } = await interrupt(sonde);
    expectCounting(numbersIn(output));
  });
});
