import { tmpdir } from "node:os";
import { basename } from "node:path";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { describe, expect } from "@jest/globals";
import { chainSource, compile, SteppedProgram } from "../support/c-program.js";
import { traceBesideBpftrace } from "../support/beside-bpftrace.js";
import { requiresCommand } from "../support/requires.js";
import { interrupt, startAttached } from "../support/sonde.js";

const besideBpftrace = requiresCommand("bpftrace", "bpftrace", "tracepoint");
const tracing = requiresCommand("gcc", "gcc", "tracepoint", "get_stack");

/** Gives the address of a function to a system call. */
const passAddress = { extra: "write(4095, (char *)middle + 4, 0);" };

describe("names of user frames beside bpftrace", () => {
  const program = `
    tracepoint:syscalls:sys_enter_umask /comm == "names"/ {
      printf("%s|%s|\\n", ustack(4), ustack(perf, 3)); print(ustack(2)); print((1, ustack(2)));
      @[ustack(4), comm] = count(); @last = ustack(4);
    }
    tracepoint:syscalls:sys_enter_write /comm == "names" && args->fd == 4095/ {
      printf("%s\\n", usym(args->buf)); print(usym(args->buf)); $same = usym(args->buf);
      @symbol[usym(args->buf)] = count(); @value = $same; @none = usym(1);
    }`;

  for (const [format, options] of [
    ["text", []],
    ["JSON", ["-f", "json"]],
  ] as const) {
    besideBpftrace(`are the same in ${format}`, async () => {
      const chain = await SteppedProgram.start(compile("names", chainSource(passAddress)));
      const { sonde, bpftrace } = await traceBesideBpftrace(program, () => chain.step(), {
        options,
      });
      await chain.end();
      expect(sonde).toBe(bpftrace);
      expect(sonde).toMatch(/innermost\+\d+.*middle\+\d+.*outermost\+\d+.*main\+\d+/s);
    });
  }
});

/** Traces one step of a program, and gives what was printed of it. `settings`: of the program, before its probe. */
async function traceStep(
  chain: SteppedProgram,
  frames = 4,
  options: readonly string[] = [],
  settings = "",
): Promise<string> {
  const program = `${settings} tracepoint:syscalls:sys_enter_umask /pid == ${chain.pid}/ { printf("%s", ustack(${frames})); }`;
  const sonde = await startAttached([...options, "-e", program]);
  await chain.step();
  return (await interrupt(sonde)).output.replaceAll(/\s+/g, " ").trim();
}

const wholeChain = /^innermost\+\d+ middle\+\d+ outermost\+\d+ main\+\d+$/;

describe("user frames have names", () => {
  const ways = [
    { name: "a position-independent program", options: ["-pie", "-fPIE"] },
    { name: "a program with a fixed address", options: ["-no-pie", "-fno-PIE"] },
    { name: "a static program", options: ["-static", "-no-pie", "-fno-PIE"] },
    { name: "a static position-independent program", options: ["-static-pie", "-fPIE"] },
    { name: "a program without a build id", options: ["-Wl,--build-id=none"] },
  ];
  for (const [index, { name, options }] of ways.entries()) {
    tracing(`in ${name}`, async () => {
      const chain = await SteppedProgram.start(compile(`way${index}`, chainSource(), options));
      expect(await traceStep(chain)).toMatch(wholeChain);
      await chain.end();
    });
  }

  tracing("in a program that was deleted", async () => {
    const path = compile("deleted", chainSource());
    const chain = await SteppedProgram.start(path);
    rmSync(path);
    expect(await traceStep(chain)).toMatch(wholeChain);
    await chain.end();
  });

  tracing("in another mount namespace, where other files have the same names", async () => {
    const path = compile("hidden", chainSource());
    // Where others see this file its process sees one of its own.
    const other = compile("other", "int main(void) { return 0; }");
    const script = `cp ${path} /dev/shm/sonde-hidden && mount --bind /dev/shm/sonde-hidden ${other} && rm /dev/shm/sonde-hidden; exec ${other}`;
    const chain = await SteppedProgram.start("unshare", ["-m", "sh", "-c", script]);
    expect(await traceStep(chain)).toMatch(wholeChain);
    await chain.end();
  });

  tracing("in programs that have ended before anybody looked", async () => {
    const path = compile("ended", chainSource());
    const program = `tracepoint:syscalls:sys_enter_umask /comm == "ended"/ { @[ustack(4)] = count(); }`;
    const sonde = await startAttached(["-e", program]);
    for (let run = 0; run < 3; run++) {
      const chain = await SteppedProgram.start(path);
      await chain.step();
      await chain.end();
    }
    const { output } = await interrupt(sonde);
    expect(output.replaceAll(/\s+/g, " ")).toMatch(
      /^\s*(@\[ innermost\+\d+ middle\+\d+ outermost\+\d+ main\+\d+ \]: \d+ ?)+$/,
    );
  });

  tracing("in a stripped program whose debug file is in a folder of ours", async () => {
    const path = compile("stripped", chainSource(), ["-Wl,--build-id=sha1"]);
    const folder = `${path}-debug`;
    mkdirSync(folder);
    execFileSync("objcopy", ["--only-keep-debug", path, `${folder}/stripped.debug`]);
    execFileSync("strip", [path]);
    const chain = await SteppedProgram.start(path);
    expect(await traceStep(chain, 4, ["--debug-dir", folder])).toMatch(wholeChain);
    await chain.end();
  });

  for (const { name, build } of [
    { name: "a program with debug information", build: [] },
    { name: "one whose debug information is compressed, and elsewhere", build: ["-gz"] },
  ]) {
    tracing(`and lines of source files, in ${name}`, async () => {
      const isApart = build.length > 0;
      const source = chainSource();
      const path = compile(`lines${build.length}`, source, ["-g", ...build]);
      const folder = `${path}-debug`;
      if (isApart) {
        mkdirSync(folder);
        execFileSync("objcopy", ["--only-keep-debug", path, `${folder}/${basename(path)}.debug`]);
        execFileSync("strip", [path]);
      }
      const chain = await SteppedProgram.start(path);
      const options = isApart ? ["--debug-dir", folder] : [];
      const stack = await traceStep(chain, 4, options, "config = { show_debug_info = true }");
      await chain.end();
      const lineOf = (text: string): number =>
        source.split("\n").findIndex((line) => line.includes(text)) + 1;
      const shown = [...stack.matchAll(/(\w+)\+\d+@(\S+):(\d+)/g)].map(([, code, file, line]) => [
        ...[code, basename(file ?? ""), Number(line)],
      ]);
      const file = `${basename(path)}.c`;
      expect(shown.slice(1, 3)).toEqual([
        ["middle", file, lineOf("return innermost(n)")],
        ["outermost", file, lineOf("return middle(n)")],
      ]);
      expect(shown).toHaveLength(4);
    });
  }

  tracing("that were compiled while the program ran, which lists them for perf", async () => {
    const source = `
      const recurse = (n) => (n === 0 ? process.umask(0o22) : recurse(n - 1) + 0);
      const write = (text) => require("node:fs").writeSync(1, text);
      for (let n = 0; n < 30000; n++) recurse(2);
      write("ready\\n");
      process.stdin.on("data", () => { recurse(5); write("done\\n"); });`;
    const node = await SteppedProgram.start(process.execPath, ["--perf-basic-prof", "-e", source], {
      // Node writes a log beside it.
      cwd: tmpdir(),
    });
    const stack = await traceStep(node, 60);
    await node.end();
    rmSync(`/tmp/perf-${node.pid}.map`, { force: true });
    expect(stack).toMatch(/recurse/);
  });

  tracing("in a library that is loaded later", async () => {
    const library = compile("plugin.so", 'void call(long (*f)(long)) { f(1); asm volatile(""); }', [
      "-shared",
      "-fPIC",
    ]);
    const source = chainSource({
      globals: `#include <dlfcn.h>\nstatic int turn;`,
      extra: `if (turn++ > 0) {
        void (*call)(long (*)(long)) = dlsym(dlopen("${library}", RTLD_NOW), "call");
        extern long middle(long); call(middle);
      }`,
    });
    const chain = await SteppedProgram.start(compile("loader", source));
    const program = `tracepoint:syscalls:sys_enter_umask /pid == ${chain.pid}/ { printf("%s", ustack(3)); }`;
    const sonde = await startAttached(["-e", program]);
    await chain.step();
    await sonde.prints(/outermost/);
    await chain.step();
    const { output } = await interrupt(sonde);
    await chain.end();
    expect(output).toMatch(/innermost\+\d+\n +middle\+\d+\n +call\+\d+\n/);
  });

  tracing("in the library that the kernel maps into every process", async () => {
    const source = chainSource({
      globals: "#include <sys/auxv.h>",
      extra: `for (long at = 0; at < 4096; at += 16) write(4095, (char *)getauxval(AT_SYSINFO_EHDR) + at, 0);`,
    });
    const chain = await SteppedProgram.start(compile("vdso", source));
    const program = `tracepoint:syscalls:sys_enter_write /pid == ${chain.pid} && args.fd == 4095/ { @[usym(args.buf)] = count(); }`;
    const sonde = await startAttached(["-e", program]);
    await chain.step();
    const { output } = await interrupt(sonde);
    await chain.end();
    expect(output).toMatch(/^@\[\w*clock_gettime\]: [1-9]/m);
  });
});
