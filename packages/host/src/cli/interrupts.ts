import { exitCodes, InterruptedError } from "./exit-code.js";

/** How many of those who hear of an interrupt end what runs by themselves. */
let listeners = 0;
let isAborted = false;

/** Whether something was aborted that `listenForInterrupts` gave a signal. */
export function wasInterrupted(): boolean {
  return isAborted;
}

/**
 * Calls back on the first Ctrl-C or SIGTERM; a second one ends the process at once (the agent then cleans up by itself).
 * Gives a function that stops listening.
 */
export function onInterrupt(callback: () => void): () => void {
  let isInterrupted = false;
  const handler = (): void => {
    if (isInterrupted) process.exit(exitCodes.interrupted);
    isInterrupted = true;
    callback();
  };
  const forget = listen(handler);
  listeners++;
  return () => {
    forget();
    listeners--;
  };
}

/**
 * Aborts a signal on Ctrl-C or SIGTERM that nobody else hears of; a second one ends the process at once. To be disposed of when
 * there is nothing left to put in order.
 */
export function listenForInterrupts(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const forget = listen(() => {
    if (listeners > 0) return;
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    isAborted = true;
    controller.abort(new InterruptedError("interrupted"));
  });
  return { signal: controller.signal, [Symbol.dispose]: forget };
}

/**
 * Runs something that Ctrl-C aborts by the signal, so that it can put things in order. Throws what it throws, and
 * InterruptedError when it was interrupted.
 */
export async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  using interrupts = listenForInterrupts();
  const { signal } = interrupts;
  try {
    return await run(signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function listen(handler: () => void): () => void {
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) process.on(name, handler);
  return () => {
    for (const name of names) process.off(name, handler);
  };
}
