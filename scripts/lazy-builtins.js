// A plugin of esbuild: modules of Node's that take long to load, and that most runs need little of or nothing, are loaded
// when something of theirs is first used.
import { createRequire } from "node:module";

const names = [
  "crypto",
  "fs/promises",
  "http",
  "https",
  "readline",
  "stream/promises",
  "timers/promises",
  "tls",
  "zlib",
];
const namespace = "lazy-builtin";

/** @type {import("esbuild").Plugin} */
export const lazyBuiltins = {
  name: "lazy-builtins",
  setup({ onResolve, onLoad }) {
    onResolve(
      { filter: new RegExp(`^(?:node:)?(?:${names.join("|")})$`) },
      ({ path, importer, kind }) => {
        const name = path.replace("node:", "");
        // From within such a module: the real one.
        if (importer === name && kind === "require-call")
          return { path: `node:${name}`, external: true };
        return { path: name, namespace };
      },
    );
    onLoad({ filter: /.*/, namespace }, ({ path }) => {
      const members = Object.keys(createRequire(import.meta.url)(`node:${path}`));
      return {
        contents: `
const load = () => require("node:${path}");
for (const name of ${JSON.stringify(members)}) {
  Object.defineProperty(exports, name, { enumerable: true, get: () => load()[name] });
}`,
      };
    });
  },
};
