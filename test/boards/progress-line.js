/** What is being done, on one line of a terminal that changes; a line for each where standard error is none. */
export class ProgressLine {
  #title;
  #start = performance.now();

  /** @param {string} title */
  constructor(title) {
    this.#title = title;
  }

  /** @param {string} what */
  show(what) {
    const seconds = Math.round((performance.now() - this.#start) / 1000);
    const line = `${this.#title}: ${what} (${seconds} s)`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    else console.error(line);
  }

  /** Takes the line away; gives the seconds since the beginning. */
  clear() {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    return ((performance.now() - this.#start) / 1000).toFixed(1);
  }
}
