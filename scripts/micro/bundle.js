// The micro agent's TypeScript as scripts for the engine: the part that is there from the start, then those that are read
// late, then what several of these share.
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { compactChecks } from "./compact-checks.js";
import { neutralOptions } from "./neutral-options.js";
import { isLate, lateParts, partNames, partSource } from "./parts.js";

/** What compiled `using` asks for, and ES2022 does not have. */
const prelude = 'Symbol.dispose??=Symbol("Symbol.dispose");';
const mainFile = "./packages/agent/src/micro/main.ts";
/** Before a file of the first part, where a late one imports from it. */
const mark = "first-part:";

/** @satisfies {import("esbuild").BuildOptions} */
const shared = {
  ...neutralOptions,
  // As modules: what all functions share is bound once, not looked for by each.
  format: "esm",
  minify: true,
  metafile: true,
  logLevel: "warning",
  outdir: "parts",
};

/**
 * The scripts of the parts, which import each other by their places in the list, and how many bytes each source file takes.
 *
 * @param {string} root  the checkout
 */
export async function bundleMicroAgent(root) {
  const first = await bundleFirst(root, `import "${mainFile}";`);
  const isFirst = new Set(
    Object.entries(onlyOutput(first).inputs)
      .filter(([file, { bytesInOutput }]) => bytesInOutput > 0 && !isLate(file))
      .map(([file]) => file),
  );
  const late = await bundleLate(root, isFirst);
  const texts = new Map(
    late.outputFiles.map(({ path, text }) => [`./${relative(join(root, "parts"), path)}`, text]),
  );
  const entries = partNames.map((name) => `./${name}.js`);
  const names = [...entries, ...[...texts.keys()].filter((name) => !entries.includes(name)).sort()];
  const exported = new Exports();
  const scripts = names.map((name) =>
    withImports(texts.get(name) ?? "", (specifier, clause) => {
      if (specifier.startsWith(mark)) {
        return { specifier: "0", clause: exported.rename(specifier.slice(mark.length), clause) };
      }
      return { specifier: String(names.indexOf(specifier) + 1), clause };
    }),
  );
  const whole = await bundleFirst(root, `import "${mainFile}";\n${exported.source()}`);
  const inputs = [onlyOutput(whole), ...Object.values(late.metafile.outputs)].flatMap((output) =>
    Object.entries(output.inputs),
  );
  return {
    scripts: [whole.outputFiles[0]?.text ?? "", ...scripts],
    inputs: Object.fromEntries(inputs),
  };
}

/**
 * @param {string} root
 * @param {string} contents
 */
async function bundleFirst(root, contents) {
  return await build({
    ...shared,
    absWorkingDir: root,
    stdin: { contents, resolveDir: root },
    banner: { js: prelude },
    plugins: [compactChecks(root, "agent"), lateParts(root)],
  });
}

/**
 * @param {string} root
 * @param {ReadonlySet<string>} isFirst  files that are in the first part
 */
async function bundleLate(root, isFirst) {
  return await build({
    ...shared,
    absWorkingDir: root,
    entryPoints: partNames.map((name) => ({ in: `part:${name}`, out: name })),
    splitting: true,
    plugins: [fromFirstPart(root, isFirst)],
  });
}

/**
 * @param {string} root
 * @param {ReadonlySet<string>} isFirst
 * @returns {import("esbuild").Plugin}
 */
function fromFirstPart(root, isFirst) {
  return {
    name: "from-first-part",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^part:/ }, ({ path }) => ({ path: path.slice(5), namespace: "part" }));
      onLoad({ filter: /.*/, namespace: "part" }, ({ path }) => ({
        contents: partSource(path),
        resolveDir: root,
      }));
      onResolve({ filter: /^\.\.?\// }, ({ path, importer, resolveDir }) => {
        const from = importer.startsWith("/") ? dirname(importer) : resolveDir;
        const file = relative(root, join(from, path.replace(/\.js$/, ".ts")));
        if (!file.startsWith("packages/")) return undefined;
        return isFirst.has(file)
          ? { path: `${mark}${file}`, external: true, sideEffects: false }
          : { path: join(root, file), sideEffects: false };
      });
      // Whatever comes through the protocol's index would else be in one part, with all that it leads to.
      const protocolFiles = filesOfProtocol(root);
      onLoad({ filter: /\/packages\/agent\/src\/.*\.ts$/ }, ({ path }) => ({
        contents: readFileSync(path, "utf8").replace(
          /^import \{([^}]*)\} from "@sonde\/protocol";$/gm,
          (_statement, clause) => {
            const names = clause.split(",").map((/** @type {string} */ part) => part.trim());
            return names
              .filter((/** @type {string} */ name) => name !== "" && !name.startsWith("type "))
              .map((/** @type {string} */ name) => {
                const file = relative(dirname(path), protocolFiles.get(name) ?? name);
                return `import { ${name} } from "${file}";`;
              })
              .join(" ");
          },
        ),
        loader: "ts",
      }));
    },
  };
}

/**
 * Where each value that the protocol exports is made.
 *
 * @param {string} root
 */
function filesOfProtocol(root) {
  const folder = join(root, "packages/protocol/src");
  const text = readFileSync(join(folder, "index.ts"), "utf8");
  /** @type {Map<string, string>} */
  const files = new Map();
  for (const [, clause = "", base = ""] of text.matchAll(
    /^export (\*|\{[^}]*\}) from "\.\/(.*)\.js";$/gm,
  )) {
    const file = join(folder, `${base}.ts`);
    const names = clause === "*" ? valuesOf(file) : clause.slice(1, -1).split(",");
    for (const name of names) files.set(name.trim(), file);
  }
  return files;
}

/** The names of the values that a file exports. */
function valuesOf(/** @type {string} */ file) {
  const pattern = /^export (?:async )?(?:function|class|const|let)\*? (\w+)/gm;
  return [...readFileSync(file, "utf8").matchAll(pattern)].map(([, name = ""]) => name);
}

/** What the first part exports for late ones. */
class Exports {
  /** By file and name: the name under which it is exported. */
  #names = new Map();

  /**
   * @param {string} file
   * @param {string} clause  "a as b,c"
   */
  rename(file, clause) {
    const parts = clause.split(",").map((part) => {
      const [, name = "", own = name] = /^(\S+)(?: as (\S+))?$/.exec(part.trim()) ?? [];
      const key = `${file} ${name}`;
      if (!this.#names.has(key)) this.#names.set(key, `x${this.#names.size}`);
      return `${this.#names.get(key)} as ${own}`;
    });
    return parts.join(",");
  }

  source() {
    return [...this.#names]
      .map(([key, exported]) => {
        const [file, name] = key.split(" ");
        return `export { ${name} as ${exported} } from "./${file}";`;
      })
      .join("\n");
  }
}

/**
 * A minified script with other imports.
 *
 * @param {string} text
 * @param {(specifier: string, clause: string) => { specifier: string, clause: string }} change
 */
function withImports(text, change) {
  return text.replace(
    /\bimport(?:\{([^}]*)\}from)?"((?:\.\/|first-part:)[^"]*)";/g,
    (_statement, clause, specifier) => {
      const changed = change(specifier, clause ?? "");
      return clause === undefined
        ? `import"${changed.specifier}";`
        : `import{${changed.clause}}from"${changed.specifier}";`;
    },
  );
}

/** @param {{ metafile: import("esbuild").Metafile }} result */
function onlyOutput({ metafile }) {
  const [output] = Object.values(metafile.outputs);
  if (output === undefined) throw new Error("the bundle is empty");
  return output;
}
