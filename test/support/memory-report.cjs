"use strict";
// Preloaded (node --expose-gc -r) into a process of ours that a test watches: answers each message over the IPC channel
// with its memory once the garbage is collected and V8 has given its empty pages back, which it does in threads.
const settleMilliseconds = 500;

process.on("message", () => {
  collect();
  setTimeout(() => {
    // What finalizers have released since.
    collect();
    setTimeout(report, settleMilliseconds);
  }, settleMilliseconds);
});
process.channel.unref();

function collect() {
  global.gc();
  global.gc();
}

function report() {
  // What was made meanwhile and is no longer needed does not count.
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send({ heapUsed, external, rss });
}
