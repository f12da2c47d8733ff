import { type OrdinaryRecord } from "./decoded-record.js";
import { formatValue } from "./format-value.js";

/** A record's text, with the newline that ends it where it has one of its own. */
export function formatRecord(record: OrdinaryRecord): string {
  switch (record.kind) {
    case "printf":
    case "time":
      return record.text;
    case "value":
      return `${formatValue(record.value)}\n`;
    case "join":
      return `${record.text}\n`;
    case "event": {
      const fields = Object.entries(record.fields).map(
        ([name, value]) => ` ${name}=${formatValue(value)}`,
      );
      return `${record.name}${fields.join("")}\n`;
    }
  }
}
