import { type TimeZone } from "../output/strftime.js";

/** The time zone of the machine that sonde runs on: times are shown as the person's clock has them. */
export const localTimeZone: TimeZone = (epochSeconds) => {
  const date = new Date(epochSeconds * 1000);
  const zone = date.toLocaleTimeString("en-US", { timeZoneName: "short" }).split(" ").at(-1);
  return { offsetSeconds: -date.getTimezoneOffset() * 60, abbreviation: zone ?? "" };
};
