/**
 * Bundles the two programs, each into one file that starts fast: packages/agent/dist/sonde-agent.cjs and
 * packages/host/dist/sonde.cjs. Beside each lie its code and what V8 made of it; beside the agent's also koffi's
 * binaries. Run by `npm run build`.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { lazyBuiltins } from "./lazy-builtins.js";
import { compactChecks } from "./micro/compact-checks.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const programs = [
  {
    name: "sonde-agent",
    side: "agent",
    entry: "packages/agent/src/cli/main.ts",
    outputFolder: "packages/agent/dist",
    // V8 lets the space for young objects grow to 48 MB. An agent's die young, and the board has other uses for memory;
    // also than for V8's first, fast translation to machine code, which makes the agent grow by twice as much at its first
    // trace. (In the loader, because a code cache is good only under the flags that it was made with.)
    v8Flags: ["--semi-space-growth-factor=1", "--no-sparkplug"],
  },
  {
    name: "sonde",
    side: "host",
    entry: "packages/host/src/cli/main.ts",
    outputFolder: "packages/host/dist",
    // Node's own: to set any takes its module v8, which takes longer to load than is won.
    v8Flags: [],
  },
];

copyKoffiBinaries(join(root, "packages/agent/dist"));
// First: whoever makes a picture finds its page's script beside the program.
for (const page of ["flame-graph", "heat-map"]) await bundlePage(page);
const [agentLoader, hostLoader] = await Promise.all(programs.map(bundleProgram));
rehearseHost();
await rehearseAgent();
refreshMicroAgents(join(root, "packages/agent/dist/micro"));

/** One script with its styles, to be put in a page of one file (packages/host/src/picture). */
async function bundlePage(name) {
  const folder = join(root, "packages/host/dist/page");
  mkdirSync(folder, { recursive: true });
  const result = await build({
    absWorkingDir: root,
    entryPoints: [`packages/host/page/${name}.js`],
    bundle: true,
    platform: "browser",
    target: "es2022",
    format: "iife",
    minify: true,
    charset: "utf8",
    loader: { ".css": "text" },
    legalComments: "inline",
    write: false,
    logLevel: "warning",
  });
  writeWhole(join(folder, `${name}.js`), result.outputFiles[0].contents);
  report(folder, `${name}.js`);
}

/** The names carry the content's hash: a program never starts with the cache of other code. */
async function bundleProgram({ name, side, entry, outputFolder, v8Flags }) {
  const folder = join(root, outputFolder);
  mkdirSync(folder, { recursive: true });
  const code = await bundleCode(entry, side);
  const hash = createHash("sha256").update(code).digest("hex").slice(0, 12);
  const codeName = `${name}-${hash}.cjs`;
  const loader = join(folder, `${name}.cjs`);
  writeWhole(join(folder, codeName), code);
  writeWhole(loader, loaderSource(codeName, v8Flags));
  removeOlder(folder, name, hash);
  report(folder, codeName);
  return loader;
}

/** Those that were built (npm run build:micro) are built again: `local:` is one of them. */
function refreshMicroAgents(folder) {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const names = files.flatMap((file) => /^sonde-agent-(\w+)$/.exec(file)?.[1] ?? []);
  if (names.length === 0) return;
  const script = join(root, "scripts/build-micro.js");
  const { status } = spawnSync(process.execPath, [script, "--arch", names.join(",")], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status === 0) return;
  for (const name of names) rmSync(join(folder, `sonde-agent-${name}`));
  console.log("the micro agents, which were of older sources, are removed");
}

async function bundleCode(entry, side) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    // The loader reads it as Latin-1, which V8 takes as it is.
    charset: "ascii",
    write: false,
    conditions: ["sonde-source"],
    // import.meta does not exist in CommonJS, which starts 25 ms faster than ES modules do.
    // In the function that the loader calls, so that it need not put the text together at each start.
    banner: {
      js:
        "(function(exports,require,module,__filename,__dirname){" +
        'const importMetaUrl=require("node:url").pathToFileURL(__filename).href;',
    },
    footer: { js: "})" },
    define: { "import.meta.url": "importMetaUrl" },
    plugins: [compactChecks(root, side), lazyBuiltins],
    logLevel: "warning",
  });
  return result.outputFiles[0].contents;
}

/**
 * Runs the code with the compilation that V8 cached on this machine's last build: a third less time to start. V8 itself
 * refuses a cache that another version or processor made; then the code is compiled as usual.
 */
function loaderSource(codeName, v8Flags) {
  return `"use strict";
const { closeSync, fstatSync, openSync, readSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");
const vm = require("node:vm");
${v8Flags.map((flag) => `require("node:v8").setFlagsFromString(${JSON.stringify(flag)});`).join("\n")}
const filename = join(__dirname, ${JSON.stringify(codeName)});
// One memory for both: the first touch of a page costs up to 25 us on a virtual machine, and there are hundreds.
let memory = Buffer.alloc(0);
function read(path) {
  const fd = openSync(path);
  const { size } = fstatSync(fd);
  if (size > memory.length) memory = Buffer.allocUnsafeSlow(2 * size);
  const length = readSync(fd, memory, 0, size, 0);
  closeSync(fd);
  return memory.subarray(0, length);
}
const source = read(filename).latin1Slice();
let cachedData;
try {
  cachedData = read(filename + ".cache");
} catch {
  // None was made, or it was not copied along.
}
const script = new vm.Script(source, {
  filename,
  cachedData,
  importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
memory = undefined;
if (process.env.SONDE_WRITE_CODE_CACHE === "1") {
  const { renameSync, writeFileSync } = require("node:fs");
  process.on("exit", () => {
    const temporary = filename + "." + process.pid;
    writeFileSync(temporary, script.createCachedData());
    renameSync(temporary, filename + ".cache");
  });
}
const main = { exports: {} };
script.runInThisContext().call(main.exports, main.exports, createRequire(filename), main, filename, __dirname);
`;
}

/**
 * Compiles for this machine, so that the cache also has the functions that a run calls. Where it cannot run (no BTF, not
 * Linux) the cache has what was reached.
 */
function rehearseHost() {
  const program =
    'tracepoint:sched:sched_switch /pid/ { printf("%s\\n", comm); @[comm] = count(); @h = hist(pid); }';
  trace(["--target", "local:", "--dry-run", "-e", program], { SONDE_WRITE_CODE_CACHE: "1" });
}

/**
 * Has the agent serve a trace: what it would compile at its first one stays in its memory from then on. Where it may not load
 * programs it is taken as far as to refuse them.
 */
async function rehearseAgent() {
  const folder = mkdtempSync(join(tmpdir(), "sonde-rehearsal-"));
  const address = join(folder, "agent");
  const agent = spawn(process.execPath, [agentLoader, "--unix", address], {
    env: { ...withoutSettings(), SONDE_WRITE_CODE_CACHE: "1" },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 60_000,
  });
  const ended = once(agent, "exit");
  // It says where it listens, or why it cannot.
  await Promise.race([once(agent.stderr, "data"), ended]);
  const program =
    'tracepoint:sched:sched_switch { @[comm] = count(); } interval:ms:300 { printf("%s\\n", comm); exit(); }';
  trace(["--target", `unix:${address}`, "-e", program]);
  agent.kill();
  await ended;
  rmSync(folder, { recursive: true });
}

function trace(args, settings = {}) {
  spawnSync(process.execPath, [hostLoader, "trace", ...args], {
    env: { ...withoutSettings(), ...settings },
    stdio: "ignore",
    timeout: 60_000,
  });
}

/** The environment without what a person has set for the commands: $SONDE_TARGET may be a board. */
function withoutSettings() {
  const settings = Object.entries(process.env).filter(([name]) => !name.startsWith("SONDE_"));
  return Object.fromEntries(settings);
}

function removeOlder(folder, name, hash) {
  const pattern = new RegExp(`^${name}-[0-9a-f]{12}\\.cjs`);
  for (const file of readdirSync(folder)) {
    if (pattern.test(file) && !file.includes(hash)) rmSync(join(folder, file), { force: true });
  }
}

/** In one step, for whoever starts the program meanwhile. */
function writeWhole(path, content) {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

/** Of every Linux that is installed here, under the names by which the agent looks for them. */
function copyKoffiBinaries(folder) {
  const require = createRequire(join(root, "packages/agent/package.json"));
  const platforms = join(dirname(require.resolve("koffi")), "..", "@koromix");
  mkdirSync(folder, { recursive: true });
  const packages = existsSync(platforms) ? readdirSync(platforms) : [];
  for (const name of packages) {
    const processor = /^koffi-linux-(.+)$/.exec(name)?.[1];
    if (processor === undefined) continue;
    for (const libc of readdirSync(join(platforms, name))) {
      const binary = join(platforms, name, libc, "koffi.node");
      if (!existsSync(binary)) continue;
      const copyName = `koffi-${processor}-${libc.startsWith("musl") ? "musl" : "glibc"}.node`;
      const temporary = join(folder, `${copyName}.${process.pid}`);
      copyFileSync(binary, temporary);
      renameSync(temporary, join(folder, copyName));
      report(folder, copyName);
    }
  }
}

function report(folder, name) {
  const kilobytes = (statSync(join(folder, name)).size / 1000).toFixed(1);
  console.log(`${kilobytes.padStart(8)} kB  ${join(folder, name).slice(root.length + 1)}`);
}
