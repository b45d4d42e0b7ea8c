/** One line of values of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** As written: counters may be larger than a double holds. */
  readonly value: string;
}

export interface PrometheusReading {
  readonly samples: readonly Sample[];
  /** Lines that are neither comment nor sample. */
  readonly malformed: number;
  /** Lines behind the limits. */
  readonly unread: number;
}

const MOST_SAMPLES = 50_000;
const LONGEST_LINE = 65_536;
const MOST_LABELS = 200;

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*="/y;
const NEXT_LABEL = /,[a-zA-Z_][a-zA-Z0-9_]*="/y;
const VALUE = /^[ \t]+(\S{1,64})(?:[ \t]+-?\d{1,19})?[ \t]*$/;
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?|[+-]?Inf|NaN)$/;

/**
 * The samples of a text in Prometheus' format, version 0.0.4, as Falco writes it: label values are not escaped there, so
 * a quote in a rule's name stands as it is and a backslash is a backslash. A value ends at the quote that another label or
 * the closing brace follows. At most 50,000 samples, 65,536 characters a line and 200 labels; takes time in step with the
 * text. Source: libs userspace/libsinsp/metrics_collector.cpp prometheus_exposition_text @48dfd53c.
 */
export function readPrometheus(text: string): PrometheusReading {
  const samples: Sample[] = [];
  let malformed = 0;
  let unread = 0;
  for (const raw of text.split("\n")) {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (line.trim() === "" || line.startsWith("#")) continue;
    if (samples.length >= MOST_SAMPLES) {
      unread += 1;
      continue;
    }
    const sample = line.length > LONGEST_LINE ? undefined : readSample(line);
    if (sample === undefined) malformed += 1;
    else samples.push(sample);
  }
  return { samples, malformed, unread };
}

function readSample(line: string): Sample | undefined {
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return undefined;
  const labels = new Map<string, string>();
  const end = line[name.length] === "{" ? readLabels(line, name.length + 1, labels) : name.length;
  if (end === undefined) return undefined;
  const value = VALUE.exec(line.slice(end))?.[1];
  return value !== undefined && NUMBER.test(value) ? { name, labels, value } : undefined;
}

/** Fills the labels from that place on; the place behind the closing brace, or undefined where the text is none. */
function readLabels(line: string, from: number, labels: Map<string, string>): number | undefined {
  if (line[from] === "}") return from + 1;
  let at = from;
  for (;;) {
    LABEL.lastIndex = at;
    const label = LABEL.exec(line)?.[0];
    if (label === undefined || labels.size >= MOST_LABELS) return undefined;
    const start = at + label.length;
    const end = endOfValue(line, start);
    if (end === undefined) return undefined;
    labels.set(label.slice(0, -2), line.slice(start, end));
    if (line[end + 1] === "}") return end + 2;
    at = end + 2;
    if (line[at] === "}") return at + 1;
  }
}

function endOfValue(line: string, start: number): number | undefined {
  for (let at = line.indexOf('"', start); at !== -1; at = line.indexOf('"', at + 1)) {
    NEXT_LABEL.lastIndex = at + 1;
    if (NEXT_LABEL.test(line) || /^,?\}[ \t]/.test(line.slice(at + 1, at + 4))) return at;
  }
  return undefined;
}
