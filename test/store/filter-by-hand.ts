import type { Alert } from "../../src/alert/alert.ts";
import type { AlertFilter, FieldCondition } from "../../src/store/alert-store.ts";

/** What a store must find, worked out one alert at a time and without any of its parts: distinct, oldest first. */
export function filterByHand(alerts: readonly Alert[], filter: AlertFilter): Alert[] {
  const distinct = [...new Map(alerts.map((alert) => [alert.id, alert])).values()];
  return distinct
    .filter((alert) => matches(alert, filter))
    .sort((a, b) => (a.timeNs === b.timeNs ? (a.id < b.id ? -1 : 1) : a.timeNs < b.timeNs ? -1 : 1));
}

function matches(
  alert: Alert,
  { fromNs, toNs, priorities = [], tags = [], fields = [], text = "" }: AlertFilter,
): boolean {
  const words = alert.output.toLowerCase().split(/[^\p{L}\p{N}_]+/u);
  return (
    (fromNs === undefined || alert.timeNs >= fromNs) &&
    (toNs === undefined || alert.timeNs < toNs) &&
    (priorities.length === 0 || priorities.includes(alert.priority)) &&
    tags.every((tag) => alert.tags.includes(tag)) &&
    (text === "" || words.includes(text.toLowerCase())) &&
    fields.every((condition) => holds(alert, condition))
  );
}

function holds(alert: Alert, { fields, operator, values }: FieldCondition): boolean {
  const present = fields.map((name) => alert.fields[name]).filter((value) => value !== undefined && value !== null);
  const texts = present.map(String);
  const [value = ""] = values;
  switch (operator) {
    case "=":
    case "in":
      return texts.includes(value);
    case "!=":
      return !texts.includes(value);
    case "contains":
      return texts.some((text) => text.includes(value));
    case "startswith":
      return texts.some((text) => text.startsWith(value));
    case "exists":
      return texts.length > 0;
  }
}
