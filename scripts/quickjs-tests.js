/**
 * Runs the engine-neutral unit tests (of the protocol and of the agent's core) inside QuickJS, which has neither Node's
 * modules nor TextDecoder, Buffer, timers or Intl, and says how large the core is as one minified bundle. A test file
 * is engine-neutral when all it imports, directly or not, is.
 *
 *   node scripts/quickjs-tests.js [--json]
 */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import variant from "@jitl/quickjs-wasmfile-release-sync";
import { build } from "esbuild";
import { newQuickJSWASMModuleFromVariant } from "quickjs-emscripten-core";
import { neutralOptions } from "./micro/neutral-options.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const testFolders = ["packages/protocol/test", "packages/agent/test"];
/** What the programs' core is made of, and jest, which has a stand-in there. */
const neutralPackages = new Set(["@jest/globals", "@sonde/agent", "@sonde/protocol", "zod/mini"]);
const timeLimitMilliseconds = 300_000;
const memoryLimitBytes = 512 * 1024 * 1024;
const stackLimitBytes = 512 * 1024;

/** What every file of the core is bundled with. */
const coreOptions = { ...neutralOptions, absWorkingDir: root, logLevel: "error" };

/**
 * What the programs bring along: compiled `using` asks for symbols that ES2022 does not have. And what QuickJS has on a
 * board but not as WebAssembly: Atomics, here for one thread, and only what the agent uses of it.
 */
const prelude = `
  Symbol.dispose ??= Symbol("Symbol.dispose");
  Symbol.asyncDispose ??= Symbol("Symbol.asyncDispose");
  globalThis.Atomics ??= {
    load: (array, index) => array[index],
    store: (array, index, value) => (array[index] = value),
    add: (array, index, value) => {
      const before = array[index];
      array[index] = before + value;
      return before;
    },
  };
`;

const testFiles = await findNeutralTests();
const report = {
  files: testFiles,
  coreBundle: await measureCore(),
  ...(await runInQuickJs(await bundleTests(testFiles))),
};
print(report, process.argv.includes("--json"));
process.exitCode = report.failures.length === 0 ? 0 : 1;

async function findNeutralTests() {
  const entryPoints = testFolders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => `${folder}/${name}`),
  );
  const { metafile } = await build({
    ...coreOptions,
    entryPoints,
    packages: "external",
    format: "esm",
    outdir: "unwritten",
    metafile: true,
  });
  return Object.values(metafile.outputs)
    .filter(({ imports }) => imports.every(({ path }) => neutralPackages.has(path)))
    .map(({ entryPoint }) => entryPoint)
    .sort();
}

async function bundleTests(files) {
  const imports = files.map((file) => `import "./${file}";`);
  const { outputFiles } = await build({
    ...coreOptions,
    stdin: {
      contents: `${imports.join("\n")}
        import { runTests } from "@jest/globals";
        runTests((name) => { globalThis.runningTest = name; })
          .then((report) => { globalThis.report = JSON.stringify(report); });`,
      resolveDir: root,
    },
    alias: { "@jest/globals": "./test/quickjs/jest-globals.ts" },
    format: "iife",
  });
  return outputFiles[0].text;
}

async function measureCore() {
  const { outputFiles } = await build({
    ...coreOptions,
    stdin: {
      contents: `export * from "@sonde/protocol"; export * from "@sonde/agent";`,
      resolveDir: join(root, "packages/agent"),
    },
    format: "iife",
    minify: true,
  });
  const { contents } = outputFiles[0];
  return { sizeBytes: contents.length, gzipSizeBytes: gzipSync(contents, { level: 9 }).length };
}

async function runInQuickJs(code) {
  const quickJs = await newQuickJSWASMModuleFromVariant(variant);
  const runtime = quickJs.newRuntime();
  runtime.setMemoryLimit(memoryLimitBytes);
  runtime.setMaxStackSize(stackLimitBytes);
  const start = performance.now();
  runtime.setInterruptHandler(() => performance.now() - start > timeLimitMilliseconds);
  const context = runtime.newContext();
  context.unwrapResult(context.evalCode(prelude, "prelude.js")).dispose();
  context.unwrapResult(context.evalCode(code, "tests.js")).dispose();
  // Without timers and input every promise that will ever settle has settled when no job is left.
  const jobs = runtime.executePendingJobs();
  if (jobs.error !== undefined) context.unwrapResult(jobs);
  const globals = context.dump(context.global);
  if (globals.report === undefined) {
    throw new TypeError(`QuickJS: this test waits for what never comes: ${globals.runningTest}`);
  }
  return { ...JSON.parse(globals.report), milliseconds: Math.round(performance.now() - start) };
}

function print({ files, coreBundle, passed, failures, milliseconds }, isJson) {
  if (isJson) {
    console.log(JSON.stringify({ files, coreBundle, passed, failures, milliseconds }));
    return;
  }
  for (const { name, message } of failures) console.log(`FAILED ${name}\n  ${message}`);
  console.log(
    `QuickJS: ${passed} tests of ${files.length} files passed, ${failures.length} failed (${milliseconds} ms)`,
  );
  console.log(
    `core bundle: ${coreBundle.sizeBytes} bytes minified, ${coreBundle.gzipSizeBytes} bytes as gzip`,
  );
}
