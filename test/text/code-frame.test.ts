import { expect, test } from "vitest";
import { codeFrame } from "../../src/text/code-frame.ts";

const long = `${"a".repeat(100)}BAD${"b".repeat(100)}`;

test.each([
  {
    name: "one line",
    text: "proc.nmae = bash",
    at: [0, 9],
    shown: `
 | proc.nmae = bash
 | ^^^^^^^^^`,
  },
  {
    name: "the line of the place among others",
    text: "first\n  second bad\nthird",
    at: [15, 18],
    shown: `
 |   second bad
 |          ^^^`,
  },
  {
    name: "an empty span as one caret",
    text: "a and",
    at: [5, 5],
    shown: `
 | a and
 |      ^`,
  },
  {
    name: "a span over several lines up to its line's end",
    text: "ab\ncd",
    at: [1, 5],
    shown: `
 | ab
 |  ^`,
  },
  {
    name: "tabs as one blank, CR left out",
    text: "\tx\r\ny",
    at: [1, 2],
    shown: `
 |  x
 |  ^`,
  },
  {
    name: "hidden characters written out",
    text: "a\u202eb",
    at: [2, 3],
    shown: `
 | a\\u{202e}b
 |          ^`,
  },
  {
    name: "a long line cut on both sides",
    text: long,
    at: [100, 103],
    shown: `
 | ...${"a".repeat(40)}BAD${"b".repeat(77)}...
 | ${" ".repeat(43)}^^^`,
  },
  {
    name: "a place past the end",
    text: "ab",
    at: [9, 10],
    shown: `
 | ab
 |   ^`,
  },
] as const)("shows $name", ({ text, at: [start, end], shown }) => {
  expect(`\n${codeFrame(text, { start, end })}`).toBe(shown);
});
