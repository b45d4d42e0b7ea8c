import { userInfo } from "node:os";
import { createInterface } from "node:readline/promises";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { Approval, Approvals } from "../falco/approvals/approval.ts";
import { visible } from "../text/visible.ts";
import { COMMAND_LINE } from "./ambient.ts";
import { type Built, buildServices } from "./build-services.ts";
import { colors, printJson, printLine } from "./print.ts";
import { printTable } from "./print-table.ts";
import { homeFolder } from "./settings.ts";

export interface ApproveFlags {
  readonly home?: string;
  readonly json?: boolean;
}

/** Characters of the digest that are typed: enough that nobody hits them by accident. */
const TYPED = 8;

/** Lists what waits for a person's yes, or shows one of them whole and takes the yes or no. */
export async function approve(id: string | undefined, flags: ApproveFlags): Promise<void> {
  if (id !== undefined) requireTerminal();
  const built = await buildServices({ home: homeFolder(flags.home, process.env), alertRoots: undefined });
  try {
    if (id === undefined) await listWaiting(built.services.approvals, flags);
    else await decideAtTerminal(built, id);
  } finally {
    await built.close();
  }
}

export const hasTerminal = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true;

/** Fails with APPROVAL_NOT_A_PERSON unless a person can read what we print and type an answer. */
function requireTerminal(): void {
  if (hasTerminal()) return;
  throw new FalcoSkillsError("APPROVAL_NOT_A_PERSON", "standard input or output is no terminal", {
    fix: "Run falco-skills approve at a terminal, by yourself.",
  });
}

async function listWaiting(approvals: Approvals, { json }: ApproveFlags): Promise<void> {
  const waiting = (await approvals.list()).filter(({ state }) => state === "waiting");
  if (json === true) return printJson(waiting);
  if (waiting.length === 0) return printLine("nothing waits for approval");
  printTable(
    ["id", "until", "what"],
    waiting.map(({ id, expiresAt, title }) => [id, expiresAt.slice(0, 16).replace("T", " "), title]),
  );
}

/**
 * Shows all of what waits under the id, hidden characters made visible, and asks the person at the terminal. What is typed
 * is the beginning of the digest: a yes to exactly this. Fails with CANCELLED when neither yes nor no was typed.
 */
export async function decideAtTerminal({ services }: Built, id: string): Promise<Approval> {
  requireTerminal();
  const { approvals, audit } = services;
  const approval = await approvals.get(id);
  show(approval);
  if (approval.state !== "waiting") {
    // Says in the right words why it cannot be decided on any more.
    return approvals.refuse(id, { name: whoIsHere(), method: "terminal" });
  }
  const typed = await ask(`Type ${approval.digest.slice(0, TYPED)} to approve, no to refuse: `);
  const isYes = typed === approval.digest.slice(0, TYPED);
  if (!isYes && typed !== "no") {
    throw new FalcoSkillsError("CANCELLED", "nothing was decided", {
      fix: "Run falco-skills approve again and type what is asked for.",
    });
  }
  const by = { name: whoIsHere(), method: "terminal" } as const;
  const decision = isYes ? "approved" : "refused";
  const details = { command: "approve", approval: id, kind: approval.kind, digest: approval.digest, decision };
  await audit.append({ type: "command.run", session: COMMAND_LINE, owner: by.name, details, durable: true });
  const decided = isYes ? await approvals.approve(id, approval.digest, by) : await approvals.refuse(id, by);
  printLine(`${isYes ? colors.green("approved") : colors.red("refused")} by ${visible(by.name)}`);
  return decided;
}

function show({ title, lines, digest, askedAt, expiresAt }: Approval): void {
  printLine(colors.bold(visible(title)));
  printLine(`asked ${askedAt}, good until ${expiresAt}`);
  printLine();
  for (const line of lines) printLine(colorOf(line)(visible(line)));
  printLine();
  printLine(colors.bold(visible(title)));
  printLine(`digest ${digest}`);
}

function colorOf(line: string): (text: string) => string {
  if (line.startsWith("+ ")) return colors.green;
  return line.startsWith("- ") ? colors.red : (text) => text;
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    // The end of the input answers nothing, and must not leave us waiting.
    const ended = new Promise<string>((done) => terminal.once("close", () => done("")));
    return (await Promise.race([terminal.question(question), ended])).trim();
  } finally {
    terminal.close();
  }
}

/** The user at the operating system, and who became it by sudo. */
function whoIsHere(): string {
  let name: string;
  try {
    name = userInfo().username;
  } catch {
    name = `user ${process.getuid?.() ?? "unknown"}`;
  }
  const before = process.env.SUDO_USER;
  return before === undefined || before === name ? name : `${name} (sudo by ${before})`;
}
