import { visible } from "../text/visible.ts";

/**
 * Text of a caller or an attacker as plain words inside one line of Markdown: hidden characters and line breaks are
 * spelled out, and nothing in it can become a heading, list, table cell, link, image, emphasis, code or HTML.
 */
export function escapeMarkdown(text: string): string {
  return visible(text.trim().replace(/[ \t]*\r?\n[ \t]*/g, " / "))
    .replace(/[\\`*_~[\]<>|&]/g, "\\$&")
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/\bwww\./gi, (start) => `${start.slice(0, -1)}\\.`)
    .replace(/@/g, "\\@")
    .replace(/^(?:[#+=-]|\d+(?=[.)]))/, (start) => (/\d/.test(start) ? start : `\\${start}`))
    .replace(/^(\d+)([.)])/, "$1\\$2");
}
