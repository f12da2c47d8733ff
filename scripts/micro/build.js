// Makes the micro agent: TypeScript to one script, the script to the engine's bytecode, and engine, native layer and
// bytecode to one static program for each processor. What does not depend on our own sources is made once and kept.
import { availableParallelism, tmpdir } from "node:os";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { cachedFolder, hashOf } from "../debian/cached-folder.js";
import { runProgram } from "../debian/run-program.js";
import { bundleMicroAgent } from "./bundle.js";
import { engineFiles, engineSource, engineVersion } from "./engine-source.js";
import { pack } from "./pack.js";
import { microArchitectures } from "./architectures.js";
import { boardToolchain, hostToolchain } from "./toolchain.js";

const engineFlags = [
  `-DCONFIG_VERSION="${engineVersion}"`,
  // As the engine's own Makefile has them: it counts on overflows that wrap.
  ...["-D_GNU_SOURCE", "-fwrapv"],
];
/** Small, and each function by itself, so that what is not used can be left out. */
const smallFlags = [
  ...["-Os", "-DNDEBUG", "-ffunction-sections", "-fdata-sections"],
  ...["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"],
];
const linkFlags = ["-s", "-Wl,--gc-sections,--build-id=none,-z,noseparate-code,-z,norelro"];
/** Of packages/agent/native, what runs on boards. */
const nativeFiles = ["runtime.c", "heap.c", "sha256.c", "unpack.c"];
const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
const ownFlags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"];

/**
 * Builds the agent for these processors. Gives the bundle's source files, and the programs with what the linker says of them.
 *
 * @param {string} root  the checkout
 * @param {readonly (keyof typeof import("./architectures.js").microArchitectures)[]} architectures
 * @param {string} outputFolder
 */
export async function buildMicroAgent(root, architectures, outputFolder) {
  const source = await engineSource();
  const { scripts, inputs } = await bundleMicroAgent(root);
  const work = mkdtempSync(join(tmpdir(), "sonde-micro-"));
  try {
    const compiler = await bytecodeCompiler(root, source);
    const packed = await writeParts(scripts, compiler.program, work);
    mkdirSync(outputFolder, { recursive: true });
    const programs = [];
    for (const architecture of architectures) {
      const { program, map } = await linkAgent(root, source, work, architecture);
      const path = join(outputFolder, `sonde-agent-${architecture}`);
      // In one step, for whoever starts it meanwhile.
      renameSync(program, path);
      const sizeBytes = statSync(path).size;
      programs.push({ architecture, path, sizeBytes, map, packedSizeBytes: packed.length });
    }
    return { inputs, programs };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Builds this machine's agent with its native layer checked at each step (not so the engine), on this machine's C library. It
 * ends with a report where the C is wrong.
 *
 * @param {string} root  the checkout
 * @param {string} program  where it shall be
 */
export async function buildSanitizedAgent(root, program) {
  const source = await engineSource();
  const { scripts } = await bundleMicroAgent(root);
  const work = mkdtempSync(join(tmpdir(), "sonde-micro-"));
  try {
    const compiler = await bytecodeCompiler(root, source);
    await writeParts(scripts, compiler.program, work);
    const tools = await hostToolchain();
    const flags = ["-D_GNU_SOURCE", "-O1", "-g"];
    const own = await compileNative(tools, root, source, work, process.arch, [
      ...flags,
      ...sanitizers,
    ]);
    await tools.link([...own, ...compiler.objects], program, sanitizers);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * The scripts as bytecode, in the file that runtime.c is compiled with.
 *
 * @param {readonly string[]} scripts
 * @param {string} compiler
 * @param {string} work  a folder
 */
async function writeParts(scripts, compiler, work) {
  const parts = [];
  for (const [index, script] of scripts.entries()) {
    parts.push(...packedPart(await bytecodeOf(script, String(index), compiler, work)));
  }
  const packed = Buffer.concat(parts);
  writeFileSync(join(work, "parts"), packed);
  return packed;
}

/**
 * @param {string} script
 * @param {string} name  by which other parts import it
 * @param {string} compiler
 * @param {string} work  a folder
 */
async function bytecodeOf(script, name, compiler, work) {
  const [scriptFile, bytecodeFile] = [join(work, `${name}.js`), join(work, `${name}.bytecode`)];
  writeFileSync(scriptFile, script);
  await runProgram(compiler, [scriptFile, bytecodeFile, name]);
  return readFileSync(bytecodeFile);
}

/** As packages/agent/native/runtime.c reads it: the packed size, the size, the packed bytes. */
function packedPart(/** @type {Uint8Array} */ bytecode) {
  const packed = pack(bytecode);
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32LE(packed.length);
  sizes.writeUInt32LE(bytecode.length, 4);
  return [sizes, packed];
}

/** Of this machine; it has to be of the same engine as the agent. Gives the engine's objects, too. */
async function bytecodeCompiler(root, source) {
  const tools = await hostToolchain();
  const own = join(root, "packages/agent/native/compile.c");
  const hash = hashOf(tools.version, engineFlags, readFileSync(own, "utf8"), source);
  const folder = await cachedFolder(`micro/compiler-and-engine-${hash}`, async (output) => {
    const flags = [...engineFlags, "-O1"];
    const objects = await compileAll(tools, source, output, flags);
    const object = join(output, "compile.o");
    await tools.compile(own, object, [...ownFlags, "-isystem", source]);
    await tools.link([...objects, object], join(output, "compile"), []);
    rmSync(object);
  });
  const objects = engineFiles.map((file) => join(folder, objectName(file)));
  return { program: join(folder, "compile"), objects };
}

async function linkAgent(root, source, work, architecture) {
  const tools = await boardToolchain(architecture);
  const flags = [...engineFlags, ...smallFlags];
  /** @type {import("./architectures.js").MicroArchitecture} */
  const { isBigEndian = false } = microArchitectures[architecture];
  const words = join(root, "packages/agent/native/expression-words.h");
  const order = isBigEndian ? [readFileSync(words, "utf8")] : [];
  const hash = hashOf(tools.version, flags, source, ...order);
  const folder = await cachedFolder(`micro/engine-${architecture}-${hash}`, async (output) => {
    await compileAll(tools, source, output, flags);
    if (!isBigEndian) return;
    const [name, object] = ["libregexp.c", join(output, "libregexp.o")];
    await tools.compile(join(source, name), object, [
      ...flags,
      "-iquote",
      source,
      "-include",
      words,
    ]);
  });
  const own = await compileNative(tools, root, source, work, architecture, smallFlags);
  const objects = engineFiles.map((file) => join(folder, objectName(file)));
  const program = join(work, `sonde-agent-${architecture}`);
  const map = join(work, `${architecture}.map`);
  await tools.link([...own, ...objects], program, [...linkFlags, `-Wl,-Map=${map}`]);
  return { program, map: readFileSync(map, "utf8") };
}

/** Gives the objects' paths. */
async function compileNative(tools, root, source, work, architecture, flags) {
  const own = [];
  for (const name of nativeFiles) {
    const object = join(work, objectName(name));
    await tools.compile(join(root, "packages/agent/native", name), object, [
      ...[...flags, ...ownFlags, "-isystem", source, `-DARCHITECTURE="${architecture}"`],
      `-DPARTS_FILE="${join(work, "parts")}"`,
    ]);
    own.push(object);
  }
  return own;
}

/** As many at a time as there are processors, the largest first. Gives the objects' paths. */
async function compileAll(tools, source, output, flags) {
  const rest = [...engineFiles];
  const worker = async () => {
    for (let file = rest.shift(); file !== undefined; file = rest.shift()) {
      await tools.compile(join(source, file), join(output, objectName(file)), flags);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return engineFiles.map((file) => join(output, objectName(file)));
}

function objectName(file) {
  return file.replace(/\.c$/, ".o");
}
