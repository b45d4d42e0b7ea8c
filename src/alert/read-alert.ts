import type { Alert } from "./alert.ts";

/** Why a line is no alert; `oversize` to `not-json` are about the text, the others about what it says. */
export type RejectReason =
  | "oversize"
  | "not-utf8"
  | "not-json"
  | "not-an-object"
  | "duplicate-key"
  | "too-many-fields"
  | "too-deep"
  | "missing-key"
  | "wrong-type"
  | "unknown-priority"
  | "unreadable-time";

export type AlertLine =
  | { readonly kind: "alert"; readonly alert: Alert }
  | { readonly kind: "ignored"; readonly reason: "blank" | "statistics" }
  | { readonly kind: "rejected"; readonly reason: RejectReason; readonly detail: string };

export declare function readAlertLine(line: string | Buffer): AlertLine;
