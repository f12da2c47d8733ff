/** What signals are called, from 1 on: those of the most architectures (include/uapi/asm-generic/signal.h). */
const texts: readonly string[] = [
  "Hangup",
  "Interrupt",
  "Quit",
  "Illegal instruction",
  "Trace/breakpoint trap",
  "Aborted",
  "Bus error",
  "Floating point exception",
  "Killed",
  "User defined signal 1",
  "Segmentation fault",
  "User defined signal 2",
  "Broken pipe",
  "Alarm clock",
  "Terminated",
  "Stack fault",
  "Child exited",
  "Continued",
  "Stopped (signal)",
  "Stopped",
  "Stopped (tty input)",
  "Stopped (tty output)",
  "Urgent I/O condition",
  "CPU time limit exceeded",
  "File size limit exceeded",
  "Virtual timer expired",
  "Profiling timer expired",
  "Window changed",
  "I/O possible",
  "Power failure",
  "Bad system call",
];

const firstRealTime = 34;
const lastRealTime = 64;

/** What a signal is called. */
export function signalText(number: number): string {
  if (number >= firstRealTime && number <= lastRealTime) {
    return `Real-time signal ${number - firstRealTime}`;
  }
  if (number < 0 || number > lastRealTime) return "N/A";
  return texts[number - 1] ?? `Unknown signal ${number}`;
}
