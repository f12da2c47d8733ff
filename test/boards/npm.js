import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../../scripts/debian/run-program.js";

/**
 * Downloads a package from npm and unpacks what matches tar's patterns; no script of it is run.
 *
 * @param {string} nameAndVersion
 * @param {string} folder
 * @param {readonly string[]} patterns
 */
export async function unpackNpmPackage(nameAndVersion, folder, patterns) {
  const download = mkdtempSync(join(tmpdir(), "sonde-npm-"));
  try {
    await runProgram("npm", ["pack", "--silent", "--ignore-scripts", nameAndVersion], {
      cwd: download,
    });
    const [file = ""] = readdirSync(download);
    await runProgram("tar", [
      "--extract",
      "--file",
      join(download, file),
      "--directory",
      folder,
      "--wildcards",
      ...patterns,
    ]);
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}
