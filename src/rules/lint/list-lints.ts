import type { Comparison, Value } from "../../condition/ast.ts";
import { parseCondition } from "../../condition/parse-condition.ts";
import type { List, RuleSet } from "../rule-set.ts";
import { quote } from "./check-lints.ts";
import { type LintDraft, type LintSubject, type Owner, ownChecks, placeOfSpan, placeOfWord } from "./lint-subject.ts";

/** What Falco's textual lists do behind one's back. */
export function lintLists(subject: LintSubject): LintDraft[] {
  return [
    ...subject.ruleSet.lists.flatMap((list) => [
      ...notExpanded(list, subject),
      ...corruptItems(list, subject),
      ...undefinedItems(list, subject),
    ]),
    ...subject.owners.flatMap((owner) => [...undefinedLists(owner, subject), ...rewrittenTexts(owner, subject)]),
  ];
}

const IDENTIFIER = /^[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+$/;
/** How people end the names of lists. */
const LIST_ENDING =
  /_(?:lists?|binar(?:y|ies)|procs|process(?:es)?|programs|files|dirs|director(?:y|ies)|images|ports|ips|hosts|users|names|paths|cmds|commands|tools|namespaces|domains|containers|repos|shells|items|servers|services|networks|packages|extensions)$/;
/** Their values have underscores of their own. */
const EVENT_FIELDS: ReadonlySet<string> = new Set(["evt.type", "syscall.type", "evt.asynctype"]);

/** The known list that a word was likely meant to be, "" for a word that only looks like a list's name. */
function meantList(word: string, subject: LintSubject): string | undefined {
  if (!IDENTIFIER.test(word)) return undefined;
  const names = namesOfLists(subject);
  if (names.has(word)) return undefined;
  if (word.length >= 6) for (const name of names) if (isNear(word, name)) return name;
  return LIST_ENDING.test(word) ? "" : undefined;
}

/** At most two neighbouring characters differ, or are more in one of them: what a slip of the fingers gives. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 2) return false;
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return Math.max(a.length, b.length) - start - end <= 2;
}

const listNames = new WeakMap<LintSubject, ReadonlySet<string>>();

function namesOfLists(subject: LintSubject): ReadonlySet<string> {
  const known = listNames.get(subject) ?? new Set(subject.ruleSet.lists.map(({ name }) => name));
  listNames.set(subject, known);
  return known;
}

function undefinedLists(owner: Owner, subject: LintSubject): LintDraft[] {
  return ownChecks(owner.item.tree).flatMap(({ node }) => {
    if (node.kind === "exists" || (node.left.kind === "field" && EVENT_FIELDS.has(node.left.name))) return [];
    return listValues(node).flatMap((value) => {
      if (/["']/.test(owner.item.expandedCondition[value.span.start] ?? "")) return [];
      const meant = meantList(value.text, subject);
      if (meant === undefined) return [];
      // A word that a list brought in is reported at the list.
      const place = placeOfSpan(owner, value.span);
      if (!ownerWrote(owner, subject, place)) return [];
      return [{ ...undefinedList(value.text, meant), place, within: [owner.title] }];
    });
  });
}

function listValues({ right, operator }: Comparison): readonly Value[] {
  if (right.kind === "list") return right.values;
  const takesList = operator === "in" || operator === "intersects" || operator === "pmatch";
  return takesList && right.kind === "value" ? [right] : [];
}

function ownerWrote(
  { item }: Owner,
  { ruleSet }: LintSubject,
  place: { file: string; span: { start: number } },
): boolean {
  const before = (start: number, file: string) => file === place.file && start <= place.span.start;
  const nearest = Math.max(...item.history.map(({ at }) => (before(at.span.start, at.file) ? at.span.start : -1)));
  const other = ruleSet.lists
    .flatMap(({ history }) => history)
    .map(({ at }) => (before(at.span.start, at.file) ? at.span.start : -1));
  return nearest > Math.max(-1, ...other);
}

function undefinedList(word: string, meant: string): Pick<LintDraft, "code" | "message" | "fix"> {
  const fix =
    meant === ""
      ? `Define - list: ${word} before this item, or put the word in quotes if it is meant as it stands.`
      : `Write ${meant}, or put the word in quotes if it is meant as it stands.`;
  return {
    code: "LINT_UNDEFINED_LIST",
    message: `no list is called ${quote(word)}, so the word itself is compared`,
    fix,
  };
}

function undefinedItems(list: List, subject: LintSubject): LintDraft[] {
  return list.items.flatMap((item) => {
    const meant = meantList(item, subject);
    if (meant === undefined) return [];
    const place = placeOfWord(subject, list.history, item);
    return [{ ...undefinedList(item, meant), place, within: [`list ${JSON.stringify(list.name)}`] }];
  });
}

const byNameOfSet = new WeakMap<RuleSet, ReadonlyMap<string, List>>();

/** Made once for a rule set: it is asked for with each of its lists. */
function listsByName(ruleSet: RuleSet): ReadonlyMap<string, List> {
  const known = byNameOfSet.get(ruleSet) ?? new Map(ruleSet.lists.map((list) => [list.name, list]));
  byNameOfSet.set(ruleSet, known);
  return known;
}

function notExpanded(list: List, subject: LintSubject): LintDraft[] {
  const names = listsByName(subject.ruleSet);
  const left = [...new Set(list.expandedItems)].filter((item) => item !== list.name && names.has(item));
  return left.map((item) => {
    const direct = list.items.includes(item);
    const word = direct ? item : (list.items.find((name) => names.get(name)?.expandedItems.includes(item)) ?? item);
    const message = direct
      ? `list ${quote(item)} is defined later, so its name stays in ${quote(list.name)} as a word`
      : `${quote(item)} comes in through ${quote(word)}, one level too deep: its name stays in ${quote(list.name)} as a word`;
    const fix = direct
      ? `Define ${item} before ${list.name}.`
      : `Name ${item} itself among the items of ${list.name}, after its definition.`;
    const within = [`list ${JSON.stringify(list.name)}`];
    return { code: "LINT_LIST_NOT_EXPANDED", message, fix, place: placeOfWord(subject, list.history, word), within };
  });
}

function corruptItems(list: List, subject: LintSubject): LintDraft[] {
  return list.items.flatMap((item) => {
    const fault = corruption(item);
    if (fault === undefined) return [];
    return [
      {
        code: "LINT_LIST_ITEM_CORRUPTS",
        message: `the ${fault} in item ${JSON.stringify(item)} becomes part of every condition that uses the list`,
        fix: item.includes('"')
          ? `Write the item as '${`'${item.replaceAll("'", "")}'`.replaceAll("'", "''")}', or split it.`
          : `Write the item as '"${item}"', or as several items.`,
        place: placeOfWord(subject, list.history, item),
        within: [`list ${JSON.stringify(list.name)}`],
      },
    ];
  });
}

/** The character that ends up as syntax; Falco itself puts items with blanks into double quotes. */
function corruption(item: string): string | undefined {
  const [first = ""] = item;
  if ((first === '"' || first === "'") && item.length > 1 && item.endsWith(first)) {
    return item.slice(1, -1).replace(/\\./g, "").includes(first) ? `quote ${first}` : undefined;
  }
  const dangerous = /\s/.test(item) ? /["\\]/ : /["'(),=]/;
  return dangerous.exec(item)?.[0];
}

/** List names that Falco replaces where no list was meant. */
function rewrittenTexts(owner: Owner, subject: LintSubject): LintDraft[] {
  const wanted = "lists" in owner.item ? new Set(owner.item.lists) : namesOfLists(subject);
  if (wanted.size === 0) return [];
  const { condition } = owner.item;
  const words = condition.split(/[\s(),=]+/);
  if (!words.some((word) => wanted.has(word.replace(/^["']|["']$/g, "")))) return [];
  const parsed = parseCondition(condition);
  if (parsed.node === undefined) return [];
  return ownChecks(parsed.node).flatMap(({ node }) => {
    if (node.kind === "exists") return [];
    const values = node.right.kind === "list" ? node.right.values : node.right.kind === "value" ? [node.right] : [];
    return values.flatMap((value) => {
      const name = rewrittenName(value, node, condition, wanted);
      if (name === undefined) return [];
      const written = condition.slice(value.span.start, value.span.end);
      const message = `list ${quote(name)} is pasted into the value ${written}, which changes what is compared`;
      const fix = `Rename the list ${name}: its name is a word that conditions use.`;
      const place = placeOfWord(subject, owner.item.history, written);
      return [{ code: "LINT_LIST_REWRITES_TEXT", message, fix, place, within: [owner.title] } as const];
    });
  });
}

function rewrittenName(
  value: Value,
  { operator, right, modifier }: Comparison,
  condition: string,
  names: ReadonlySet<string>,
): string | undefined {
  const isQuoted = /["']/.test(condition[value.span.start] ?? "");
  if (isQuoted) {
    // At its ends the value touches quotes, which keep a name from being seen.
    const inner = condition.slice(value.span.start + 1, value.span.end - 1);
    const words = [...inner.matchAll(/(?<=[\s(),=])[^\s(),=]+(?=[\s(),=])/g)].map(([word]) => word);
    return words.find((word) => names.has(word));
  }
  const takesList = operator === "in" || operator === "intersects" || operator === "pmatch" || modifier !== undefined;
  return right.kind === "value" && !takesList && names.has(value.text) ? value.text : undefined;
}
