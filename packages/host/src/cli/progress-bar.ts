import { SingleBar } from "cli-progress";

/** How far something has come, shown on standard error where that is a terminal. */
export interface Progress {
  readonly update: (done: number, total: number) => void;
  readonly stop: () => void;
}

/** A bar of bytes under a name, which appears with the first update and goes when it is stopped. */
export function showProgress(name: string): Progress {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: `${name} {bar} {percentage}% | {value} of {total} kB | {eta_formatted} left`,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  const kilobytes = (bytes: number): number => Math.ceil(bytes / 1000);
  let isShown = false;
  return {
    update: (done, total) => {
      if (!isShown) bar.start(kilobytes(total), 0);
      isShown = true;
      bar.update(kilobytes(done));
    },
    stop: () => {
      if (isShown) bar.stop();
    },
  };
}
