// Prints what several targets opened, in the order in which it happened: node merged.js SECONDS TARGET TARGET...
import { connect } from "@sonde/host";

const [seconds = "2", ...addresses] = process.argv.slice(2);

const events = [];
const targets = await Promise.all(addresses.map((address) => connect(address)));

async function collect(target, address) {
  const program = await target.compile(`
    tracepoint:syscalls:sys_enter_openat { printf("%llu %s %s", nsecs, comm, str(args.filename)); }
  `);
  const trace = await target.start(program);
  setTimeout(() => trace.stop(), Number(seconds) * 1000);
  for await (const event of trace.events()) {
    if (event.kind !== "printf") continue;
    const [nsecs, comm, path] = event.args.map(({ value }) => value);
    events.push({ target, nsecs, text: `${address}: ${comm} opened ${path}` });
  }
}

try {
  await Promise.all(targets.map((target, index) => collect(target, addresses[index])));
  // Only now: the longer a trace has run, the better the targets' clocks are known.
  for (const event of events) event.time = event.target.toHostTime(event.nsecs);
  events.sort((one, other) => (one.time < other.time ? -1 : 1));
  for (const { time, text } of events) {
    console.log(`${new Date(Number(time / 1_000_000n)).toISOString()} ${text}`);
  }
} finally {
  for (const target of targets) await target.close();
}
