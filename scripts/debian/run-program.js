import { spawn } from "node:child_process";

/**
 * Runs a program to its end and gives what it printed. Throws, with what it said, when it cannot be started or ends with
 * anything but 0.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<string>}
 */
export async function runProgram(program, args, options = {}) {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
    errors += text;
  });
  return await new Promise((resolve, reject) => {
    child.once("error", (error) => {
      reject(new Error(`${program}: ${error.message}`));
    });
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ${args.join(" ")}: ended with ${code}: ${errors.trim()}`));
    });
  });
}
