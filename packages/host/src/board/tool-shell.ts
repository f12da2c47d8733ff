import { spawn } from "node:child_process";
import { type Writable } from "node:stream";
import { formatShellAddress, shellCommand } from "../session/board-shell.js";
import { describeStartFault } from "../session/child-link.js";
import { explainedError } from "../session/explained-error.js";
import { type ShellAddress } from "../session/shell-address.js";
import { type SendOptions, type Shell, type ShellResult } from "./shell.js";

const pieceSizeBytes = 16_384;
const begin = "sonde-begin";
const end = "sonde-end";

/** Runs each script through ssh, adb, docker or kubectl. */
export class ToolShell implements Shell {
  readonly name: string;
  readonly #address: ShellAddress;

  constructor(address: ShellAddress) {
    this.#address = address;
    this.name = formatShellAddress(address);
  }

  async run(script: string): Promise<ShellResult> {
    return await this.#run(script, (input) => {
      input.end();
    });
  }

  async send(
    bytes: Uint8Array,
    script: string,
    { onSent, signal }: SendOptions,
  ): Promise<ShellResult> {
    const feed = (input: Writable): void => {
      writePieces(input, bytes, onSent);
    };
    return await this.#run(script, feed, signal);
  }

  /** Every script has a connection of its own, so that none is kept. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #run(
    script: string,
    feed: (input: Writable) => void,
    signal?: AbortSignal,
  ): Promise<ShellResult> {
    signal?.throwIfAborted();
    // Between the marks lies what the script says, whatever the board's shell prints when it starts.
    const line = `echo ${begin}; (\n${script}\n); echo "${end} $?"`;
    const { file, args } = shellCommand(this.#address, line);
    const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    // A script that ends early does not read the rest.
    child.stdin.on("error", () => undefined);
    const stop = (): void => {
      child.kill();
    };
    signal?.addEventListener("abort", stop);
    feed(child.stdin);
    const ending = await new Promise<string>((resolve) => {
      child.once("error", (error) => {
        resolve(describeStartFault(error));
      });
      child.once("close", (code, signal) => {
        resolve(`ended with ${signal ?? `exit code ${code ?? 0}`}`);
      });
    });
    signal?.removeEventListener("abort", stop);
    signal?.throwIfAborted();
    const match = new RegExp(`${begin}\\r?\\n([^]*)${end} (\\d+)`).exec(output);
    if (match === null) {
      const said = [ending, errors.trim(), output.trim()].filter((text) => text !== "").join(": ");
      throw explainedError(this.name, said, undefined);
    }
    const [, said = "", code = ""] = match;
    return { code: Number(code), output: said.replaceAll("\r\n", "\n"), errors };
  }
}

function writePieces(
  input: Writable,
  bytes: Uint8Array,
  onSent: (sentBytes: number) => void,
  offset = 0,
): void {
  if (offset >= bytes.length) {
    input.end();
    return;
  }
  const next = Math.min(offset + pieceSizeBytes, bytes.length);
  input.write(bytes.subarray(offset, next), (error) => {
    onSent(next);
    // Node says null where its types say undefined.
    if (error === null || error === undefined) writePieces(input, bytes, onSent, next);
  });
}
