// npm run build:micro [-- --arch x64,…] [--output FOLDER]: the micro agent, one static program for each processor, in
// packages/agent/dist/micro.
import { statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { microArchitectures } from "./micro/architectures.js";
import { buildMicroAgent } from "./micro/build.js";

/**
 * Of either name, Node's (arm) or Debian's (armhf).
 *
 * @param {string} name
 */
function microArchitectureNamed(name) {
  const known = /** @type {(keyof typeof microArchitectures)[]} */ (
    Object.keys(microArchitectures)
  );
  const found = known.find((key) => name === key || name === microArchitectures[key].debian);
  if (found !== undefined) return found;
  console.error(`build:micro: --arch ${name}: expected some of ${known.join(",")}`);
  process.exit(1);
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: { arch: { type: "string", default: "x64" }, output: { type: "string" } },
});
const architectures = values.arch.split(",").map(microArchitectureNamed);

const output = resolve(values.output ?? join(root, "packages/agent/dist/micro"));
const { programs } = await buildMicroAgent(root, architectures, output);
for (const { path } of programs) {
  const kilobytes = (statSync(path).size / 1000).toFixed(1);
  console.log(`${kilobytes.padStart(8)} kB  ${relative(process.cwd(), path)}`);
}
