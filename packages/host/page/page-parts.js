/** Makes an element with properties and children. */
export function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export function placeStyles(text) {
  document.head.append(element("style", {}, text));
}

const number = new Intl.NumberFormat("en");

/** "2,512 samples", "1.25 s", "3.4 MB". */
export function formatAmount(value, unit) {
  switch (unit) {
    case "nanoseconds":
      return formatScaled(value, ["ns", "µs", "ms", "s"], 1000);
    case "microseconds":
      return formatScaled(value, ["µs", "ms", "s"], 1000);
    case "milliseconds":
      return formatScaled(value, ["ms", "s"], 1000);
    case "bytes":
      return formatScaled(value, ["bytes", "kB", "MB", "GB", "TB"], 1000);
    case "count":
      return number.format(value);
    default:
      return `${number.format(value)} ${value === 1 ? unit.replace(/s$/, "") : unit}`;
  }
}

function formatScaled(value, units, step) {
  let scaled = value;
  let at = 0;
  while (scaled >= step && at < units.length - 1) {
    scaled /= step;
    at++;
  }
  return `${at === 0 ? number.format(scaled) : scaled.toPrecision(Math.max(3, String(Math.trunc(scaled)).length))} ${units[at]}`;
}

export function formatShare(part, whole) {
  return `${whole === 0 ? "0" : ((100 * part) / whole).toFixed(1)} %`;
}
