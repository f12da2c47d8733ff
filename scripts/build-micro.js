// npm run build:micro [-- --arch x64,…] [--output FOLDER] [--sizes]: the micro agent, one static program for each processor, in
// packages/agent/dist/micro.
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { microArchitectures } from "./micro/architectures.js";
import { buildMicroAgent, buildSanitizedAgent } from "./micro/build.js";
import { sizeTable } from "./micro/size-table.js";

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
  options: {
    arch: { type: "string", default: "x64" },
    output: { type: "string" },
    sizes: { type: "boolean", default: false },
    sanitized: { type: "string" },
  },
});
// For the tests: this machine's agent alone, whose C is checked at each step, in this file.
if (values.sanitized !== undefined) {
  await buildSanitizedAgent(root, resolve(values.sanitized));
  process.exit(0);
}
const architectures = values.arch.split(",").map(microArchitectureNamed);

const output = resolve(values.output ?? join(root, "packages/agent/dist/micro"));
const { programs, inputs } = await buildMicroAgent(root, architectures, output);
for (const program of programs) {
  const { text, fault } = sizeTable(program, inputs);
  const size = `${(program.sizeBytes / 1000).toFixed(1).padStart(8)} kB`;
  console.log(values.sizes ? text : `${size}  ${relative(process.cwd(), program.path)}`);
  if (fault === undefined) continue;
  console.error(`build:micro: ${fault}`);
  process.exitCode = 1;
}
