// npm run build:micro [-- --arch x64,…] [--output FOLDER]: the micro agent, one static program for each processor, in
// packages/agent/dist/micro.
import { statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { microArchitectures } from "./micro/architectures.js";
import { buildMicroAgent } from "./micro/build.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: { arch: { type: "string", default: "x64" }, output: { type: "string" } },
});
const architectures = values.arch.split(",");
const unknown = architectures.find((name) => !Object.hasOwn(microArchitectures, name));
if (unknown !== undefined) {
  console.error(
    `build:micro: --arch ${unknown}: expected some of ${Object.keys(microArchitectures).join(",")}`,
  );
  process.exit(1);
}

const output = resolve(values.output ?? join(root, "packages/agent/dist/micro"));
const { programs } = await buildMicroAgent(root, architectures, output);
for (const { path } of programs) {
  const kilobytes = (statSync(path).size / 1000).toFixed(1);
  console.log(`${kilobytes.padStart(8)} kB  ${relative(process.cwd(), path)}`);
}
