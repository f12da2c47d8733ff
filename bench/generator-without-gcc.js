// What generator.c does, where there is no C compiler: `process.ppid` is one getppid(2) each time it is read, and the others
// are calls of their names.
const [count = 0, rate = 0] = process.argv.slice(2).map(Number);
const call =
  { getuid: process.getuid, getgid: process.getgid }[process.argv[5] ?? ""] ?? (() => process.ppid);
const batch = rate === 0 ? count : Math.ceil(rate / 1000);
let parents = 0;

process.stdout.write(`ready ${process.pid}\n`);
process.stdin.once("data", () => {
  process.stdin.pause();
  const start = process.hrtime.bigint();
  const startCpu = process.cpuUsage();
  let done = 0;
  const step = () => {
    for (const until = Math.min(done + batch, count); done < until; done++) {
      parents ^= call();
    }
    const elapsed = process.hrtime.bigint() - start;
    if (done < count) {
      setTimeout(step, Math.max(0, (done / rate) * 1000 - Number(elapsed) / 1e6));
      return;
    }
    const { user, system } = process.cpuUsage(startCpu);
    process.exitCode = parents === -1 ? 1 : 0;
    process.stdout.write(`done ${count} ${elapsed} ${(user + system) * 1000}\n`);
  };
  step();
});
