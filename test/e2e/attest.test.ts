import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { CLIENTS, type ClientKind, type Connection, connect, type Form, type FormReply } from "../support/connect.ts";

/** A person's word through the client: asked for by the server, shown by the client, out of the model's reach. */

const SKILL = "performing-cloud-native-forensics-with-falco";
const WORDS = { state: "done", name: "Ada Kovács", role: "on call", statement: "I read the report" } as const;

interface Case {
  readonly server: Connection;
  readonly checklist: string;
  readonly forms: Form[];
  records(): Record<string, unknown>[];
}

async function open(kind: ClientKind, reply?: FormReply): Promise<Case> {
  const home = mkdtempSync(join(tmpdir(), "falco-skills-e2e-"));
  const forms: Form[] = [];
  const person =
    reply === undefined
      ? undefined
      : (form: Form) => {
          forms.push(form);
          return reply;
        };
  const server = await connect(kind, ["--home", home], {}, person);
  onTestFinished(async () => {
    await server.close();
    rmSync(home, { recursive: true });
  });
  const { id } = (await server.answer("create_checklist", { skill: SKILL, title: "Case 7" })) as { id: string };
  const records = () =>
    readFileSync(join(home, "audit/records.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { server, checklist: id, forms, records };
}

const attest = ({ server, checklist }: Case, item = "D5", more: Record<string, unknown> = {}) =>
  server.call("update_checklist", { checklist, item, attest: true, ...more });

describe.each(CLIENTS)("a client of %s", (kind) => {
  test("with a person who vouches: the item is attested in the person's name", async () => {
    const place = await open(kind, { action: "accept", content: WORDS });
    const result = await attest(place);
    expect(result.isError ?? false, result.content[0]?.text).toBe(false);
    const items = result.structuredContent?.items as Record<string, unknown>[];
    expect(items.find(({ id }) => id === "D5")).toMatchObject({
      state: "done",
      standing: "attested",
      by: "person Ada Kovács",
    });
    expect(place.forms).toHaveLength(1);
    expect(place.forms[0]?.message).toContain("Do you vouch for D5");
    expect(Object.keys(place.forms[0]?.requestedSchema.properties ?? {})).toEqual([
      "state",
      "name",
      "role",
      "statement",
    ]);
    expect(place.records().filter(({ type }) => type === "checklist.item")).toMatchObject([
      { owner: "Ada Kovács", checklist: { item: "D5", state: "done" } },
    ]);
  });

  test.each(["decline", "cancel"] as const)("with a person who does %s: nothing is attested", async (action) => {
    const place = await open(kind, { action });
    const result = await attest(place);
    expect(result.structuredContent?.warnings).toContain("nothing was attested: the person did not accept");
    expect(place.records().some(({ type }) => type === "checklist.item")).toBe(false);
  });

  test("with a form that came back broken: refused, nothing is attested", async () => {
    const place = await open(kind, { action: "accept", content: { ...WORDS, state: "perfect" } });
    const result = await attest(place).catch((error: Error) => ({ isError: true, content: [{ text: error.message }] }));
    expect(result.isError).toBe(true);
    expect(place.records().some(({ type }) => type === "checklist.item")).toBe(false);
  });

  test("that shows no forms: the command for a terminal is named", async () => {
    const place = await open(kind);
    const result = await attest(place);
    expect(result.isError).toBe(true);
    expect(result.content[0]?.text).toMatch(/^NO_PERSON_TO_ASK: .*\n?.*falco-skills attest \w+ D5/s);
  });

  test("cannot answer for the person, and not attest what a test decides", async () => {
    const place = await open(kind, { action: "accept", content: WORDS });
    expect((await attest(place, "D5", { state: "done", note: "I, the model, vouch" })).content[0]?.text).toContain(
      "INVALID_ARGUMENT: attest takes checklist and item",
    );
    expect((await attest(place, "P2")).content[0]?.text).toContain("ATTEST_NOT_A_PERSON");
    expect(place.forms).toEqual([]);
  });
});

test.each([
  ["a reply without a question", undefined],
  ["a reply with a made-up token", "11111111-2222-3333-4444-555555555555"],
])("%s is refused", async (_name, requestState) => {
  const place = await open("2026-07-28", { action: "accept", content: WORDS });
  const params = {
    name: "update_checklist",
    arguments: { checklist: place.checklist, item: "D5", attest: true },
    inputResponses: { person: { action: "accept", content: WORDS } },
    ...(requestState === undefined ? {} : { requestState }),
  };
  const result = (await place.server.client.callTool(params as never)) as { content: { text: string }[] };
  expect(result.content[0]?.text).toContain("REPLY_UNASKED");
  expect(place.forms).toEqual([]);
  expect(place.records().some(({ type }) => type === "checklist.item")).toBe(false);
});
