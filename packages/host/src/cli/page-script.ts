import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InternalError } from "../asm/internal-error.js";

/** Beside the bundled program, beside a package's compiled files, and beside its sources. */
const places = ["./page/", "../page/", "../../dist/page/"];

/** The script of a page that shows a picture, as `npm run build` made it. */
export function readPageScript(name: "flame-graph" | "heat-map"): string {
  const files = places.map((place) =>
    fileURLToPath(new URL(`${place}${name}.js`, import.meta.url)),
  );
  const file = files.find((one) => existsSync(one));
  if (file === undefined)
    throw new InternalError(`${name}.js was not built: npm run build makes it`);
  return readFileSync(file, "utf8");
}
