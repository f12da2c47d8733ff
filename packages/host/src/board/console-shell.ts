import { randomBytes, randomInt } from "node:crypto";
import { ConnectError } from "../session/errors.js";
import { type RawLine } from "../session/raw-line.js";
import { type ByteText, byteTexts } from "./byte-text.js";
import { type Checksum, chooseChecksum } from "./checksum.js";
import { ConsoleLine } from "./console-line.js";
import { sendToConsole } from "./console-sender.js";
import { type ConsoleTalk } from "./console-talk.js";
import { type SendOptions, type Shell, type ShellResult } from "./shell.js";

const answerMilliseconds = 3000;
/** The longest that a script may take: on a slow board Node starts within seconds. */
const runMilliseconds = 120_000;
const attemptLimit = 5;
/** Of lines that are lost or damaged; a script takes some ten. */
const faultLimit = 20;
/** The longest that we write; a terminal takes 4,096 characters that were not read yet. */
const longestLine = 1000;
const scriptPieceLength = 400;

/** A word that only a shell makes another of; it is written on every line on which one is looked for. */
export const shellQuestion = "-$((40+2))";

/**
 * What the shell learns first: S prints a checksum, M answers. Answers are said twice, so that a damaged one is none, and their
 * mark is put together there, so that an echo of what we write is none.
 */
const bootstrap = [
  'q=sonde; M() { echo "@$q $* | $*"; }; n=$(printf "\\nx"); n=${n%x}',
  "k=; for t in cksum md5sum sha256sum; do command -v $t >/dev/null 2>&1 && { k=$t; break; }; done",
  "S() { set -- $($k); echo $1; }",
];

/**
 * Then it reads lines without its line editor, which would show and redraw each, and does what one says if the checksum before
 * it is right: nothing that was damaged is ever run.
 */
const loop =
  'stty -echo 2>/dev/null; while IFS= read -r l; do if [ "$(printf %s "${l#* }" | S)" = "${l%% *}" ]; then eval "${l#* }"; else M bad; fi; done; stty echo 2>/dev/null';

/** Tells which ways there are to read bytes, the best one last. */
const findWay = [
  'd=printf; t() { [ "$1" = sonde ] && d=$2; }',
  't "$(printf "begin-base64 600 x\\nc29uZGU=\\n====\\n" | uudecode -o /dev/stdout 2>/dev/null)" uudecode',
  't "$(echo c29uZGU= | openssl base64 -d -A 2>/dev/null)" openssl',
  't "$(echo c29uZGU= | base64 -d 2>/dev/null)" base64',
].join("; ");

/**
 * The shell of a serial console, where somebody has logged in. The line may lose and damage bytes, and the kernel may write its
 * log there: what crosses it is checked, and said again. No script runs twice.
 */
export class ConsoleShell implements Shell, ConsoleTalk {
  readonly name: string;
  readonly line: ConsoleLine;
  readonly lineMilliseconds: number;
  readonly #answerMilliseconds: number;
  #checksum: Checksum | undefined;
  #loops = 0;
  #hasLeft = false;
  /** What another has left in the shell's variables is not taken for ours. */
  #nextId = randomInt(1_000_000) * 1000;

  private constructor(line: ConsoleLine, baud: number) {
    this.line = line;
    this.name = line.name;
    this.lineMilliseconds = (longestLine * 10_000) / baud;
    this.#answerMilliseconds = answerMilliseconds + 3 * this.lineMilliseconds;
  }

  /** Finds the shell at the other end of a line, which it takes over: also when it throws ConnectError. */
  static async open(raw: RawLine, baud: number): Promise<ConsoleShell> {
    const shell = new ConsoleShell(new ConsoleLine(raw), baud);
    try {
      await shell.#enter();
      return shell;
    } catch (error) {
      await shell.leave();
      throw error;
    }
  }

  get checksum(): Checksum {
    if (this.#checksum === undefined) throw this.#noChecksum();
    return this.#checksum;
  }

  async run(script: string): Promise<ShellResult> {
    await this.#give(Buffer.from(script).toString("latin1"));
    const number = this.#nextId++;
    const once = `[ "$r" = ${number} ] || { o=$( (eval "$s") </dev/null 2>&1 ); c=$?; r=${number}; }`;
    const answer = await this.ask(
      (id) => `${once}; M ${id} $c $(printf %s "$o" | S)`,
      runMilliseconds,
    );
    const [code = "", sum = ""] = answer.split(" ");
    for (let attempt = 0; attempt < attemptLimit; attempt++) {
      const output = Buffer.from(await this.#fetchOutput(), "latin1");
      if (this.checksum.of(output) !== sum) continue;
      return { code: Number(code), output: `${output.toString()}\n`, errors: "" };
    }
    throw this.damaged();
  }

  async send(bytes: Uint8Array, script: string, options: SendOptions): Promise<ShellResult> {
    return await sendToConsole(this, await this.#chooseWay(), { ...options, bytes, script });
  }

  /** Leaves the console as it was found, but for a command that is typed last, and hangs up. Idempotent. */
  async leave(command?: string): Promise<void> {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    for (; this.#loops > 0; this.#loops--) this.write("break");
    await this.line.quiet();
    if (command !== undefined) {
      this.line.write(`${command}\n`);
      await this.line.quiet();
    }
    await this.line.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  write(line: string): void {
    this.line.write(`${this.checksum.of(Buffer.from(line, "latin1"))} ${line}\n`);
  }

  async ask(
    line: (id: number) => string,
    milliseconds = this.#answerMilliseconds,
  ): Promise<string> {
    for (let fault = 0; fault < faultLimit; fault++) {
      const id = this.#nextId++;
      this.write(line(id));
      const answer = await this.answer(String(id), milliseconds);
      if (answer === undefined) await this.#enter();
      else if (answer !== "bad") return answer;
    }
    throw this.damaged();
  }

  async answer(word: string, milliseconds: number): Promise<string | undefined> {
    const pattern = new RegExp(`@sonde (bad|${word}(?: ([^|\\r\\n]*))?) \\| \\1[\\r\\n]`);
    const match = await this.line.take(pattern, milliseconds);
    if (match === undefined) return undefined;
    return match[1] === "bad" ? "bad" : (match[2] ?? "");
  }

  damaged(): ConnectError {
    return new ConnectError(`${this.name}: too much is lost or damaged on the line`, {
      hint: "a lower baud rate, or a quiet kernel (dmesg -n 1), may help",
    });
  }

  /** Makes sure that the shell reads our lines. Throws ConnectError. */
  async #enter(): Promise<void> {
    for (let attempt = 0; attempt < attemptLimit; attempt++) {
      if (this.#loops > 0 && (await this.#isInLoop())) return;
      // Ctrl-C and Ctrl-U: away with what somebody has begun to type, or runs.
      this.line.write(attempt === 0 && this.#loops === 0 ? "\n" : "\u0003\u0015\n");
      await this.line.quiet();
      const nonce = randomBytes(4).toString("hex");
      this.line.write(`echo ${nonce}${shellQuestion}\n`);
      const answer = new RegExp(`${nonce}-42`);
      if ((await this.line.take(answer, this.#answerMilliseconds / 2)) === undefined) continue;
      this.#checksum = await this.#teach();
      if (this.#checksum === undefined) continue;
      this.line.write(`${loop}\n`);
      this.#loops++;
      await this.line.quiet();
    }
    if (this.#loops === 0 || !(await this.#isInLoop())) throw this.#noShell();
  }

  /** An empty line has a wrong checksum. */
  async #isInLoop(): Promise<boolean> {
    this.line.write("\n");
    const isThere = (await this.answer("bad", this.#answerMilliseconds / 2)) !== undefined;
    await this.line.quiet();
    return isThere;
  }

  /** Gives the checksum that the shell can do; undefined when it did not come through. Throws ConnectError when it has none. */
  async #teach(): Promise<Checksum | undefined> {
    const id = this.#nextId++;
    for (const line of bootstrap) this.line.write(`${line}\n`);
    this.line.write(`M ${id} "\${k:-none}" $(printf %s sonde | S)\n`);
    const answer = await this.answer(String(id), this.#answerMilliseconds);
    const [tool = "", sum] = (answer ?? "").split(" ");
    const checksum = chooseChecksum(new Set([tool]));
    if (tool === "none") throw this.#noChecksum();
    return checksum?.of(Buffer.from("sonde")) === sum ? checksum : undefined;
  }

  /** Defines the board's function D, and tries it. */
  async #chooseWay(): Promise<ByteText> {
    const way = byteTexts[await this.ask((id) => `${findWay}; M ${id} $d`)];
    if (way === undefined) throw this.damaged();
    const sample = Buffer.from("sonde 1%");
    const sum = await this.ask(
      (id) => `D() { ${way.decode}; }; M ${id} $(D '${way.encode(sample)}' | S)`,
    );
    if (sum === this.checksum.of(sample)) return way;
    throw new ConnectError(`${this.name}: the board cannot read bytes from text`);
  }

  /** Puts a script into the variable s. */
  async #give(script: string): Promise<void> {
    await this.ask((id) => `s=; j=; M ${id}`);
    for (let start = 0; start < script.length; start += scriptPieceLength) {
      const piece = quotePiece(script.slice(start, start + scriptPieceLength));
      // With its place, so that none is added twice.
      await this.ask((id) => `[ "$j" = ${start} ] || { s="$s"${piece}; j=${start}; }; M ${id}`);
    }
  }

  async #fetchOutput(): Promise<string> {
    const id = this.#nextId++;
    this.write(`M ${id} begin; printf '%s\\n' "$o"; M ${id} end`);
    const pattern = new RegExp(
      `@sonde bad|@sonde ${id} begin[^\\n]*\\n([^]*?)\\r*\\n@sonde ${id} end[^\\n]*\\n`,
    );
    const match = await this.line.take(pattern, 2 * this.#answerMilliseconds);
    return (match?.[1] ?? "").replace(/\r+\n/g, "\n");
  }

  #noChecksum(): ConnectError {
    return new ConnectError(`${this.name}: nothing there can tell whether a line came whole`, {
      hint: "one of cksum, md5sum and sha256sum is needed on the board",
    });
  }

  #noShell(): ConnectError {
    const heard = this.line.heard.replace(/[^\n\u0020-\u007e]/g, "").trim();
    const make = (fault: string, hint: string): ConnectError =>
      new ConnectError(`${this.name}: ${fault}`, { hint });
    if (this.line.heard.includes("\u0000")) {
      return make(
        "what comes is not text",
        "is an agent running there already, or is the baud rate another?",
      );
    }
    if (heard === "") {
      return make("nothing answers", "is the board on, with a shell on this console?");
    }
    return /(login|password): *$/i.test(heard)
      ? make("somebody must log in first", "log in as root with a terminal program, and leave it")
      : make(
          `no shell answers, but ${JSON.stringify(heard.slice(-200))}`,
          "a shell's prompt must be there",
        );
  }
}

/** A part of a script as a word of sh that fits on one line. */
function quotePiece(text: string): string {
  return `'${text.replaceAll("'", `'\\''`).replaceAll("\n", `'"$n"'`)}'`;
}
