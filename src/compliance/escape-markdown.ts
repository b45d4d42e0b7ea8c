import { visible } from "../text/visible.ts";

/**
 * Text of a caller or an attacker as plain words inside one line of Markdown: hidden characters and line breaks are
 * spelled out, and nothing in it can become a heading, list, table cell, link, image, emphasis, code or HTML.
 */
export function escapeMarkdown(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  return visible(lines.filter((line) => line !== "").join(" / "))
    .replace(/[\\`*_~[\]<>|&]/g, "\\$&")
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/\bwww\./gi, (start) => `${start.slice(0, -1)}\\.`)
    .replace(/@/g, "\\@")
    .replace(/^[#+=-]/, "\\$&")
    .replace(/^(\d+)([.)])/, "$1\\$2");
}
