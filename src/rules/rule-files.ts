import { Collector } from "./collector.ts";
import { type Compilation, type CompileOptions, compile } from "./compile.ts";
import { createBudget } from "./compile-budget.ts";
import {
  createSourceFile,
  fileContext,
  ItemRejected,
  type LoadFinding,
  markContext,
  type SourceFile,
} from "./load-context.ts";
import type { RuleFile } from "./load-options.ts";
import type { LoadSettings } from "./load-settings.ts";
import { readDraft } from "./read-draft.ts";
import { readItem } from "./read-item.ts";
import { schemaFault } from "./schema-check.ts";
import { readYaml } from "./yaml/read-yaml.ts";
import { lookup, type YamlNode } from "./yaml/yaml-node.ts";

/** One file after it was read and everything collected so far was compiled. */
export interface FileOutcome {
  readonly file: SourceFile;
  /** Errors and warnings in the order in which they were found: first of reading the file… */
  readonly findings: readonly LoadFinding[];
  /** …then, from this one on, of compiling all that was collected up to it. */
  readonly compileFrom: number;
  readonly documents: readonly YamlNode[];
  /** The file is YAML: only then does Falco hold it against its schema. */
  readonly isYaml: boolean;
}

export interface FilesOutcome {
  readonly files: readonly FileOutcome[];
  readonly collector: Collector;
  /** Names of macros that files define but that could not be read or compiled. */
  readonly brokenMacros: ReadonlySet<string>;
  /** Of the last file that compiled. */
  readonly compilation: Compilation;
}

/** A file longer than this is not read. */
export const LONGEST_FILE = 16_000_000;

const NOTHING: Compilation = { lists: [], macros: new Map(), rules: [] };

/**
 * Reads the files in order and compiles all that is collected after each of them, as Falco does. With `stopAtFirst` the
 * first error ends a file (what was collected before it stays); without, every item and rule has its turn.
 * `afterFile` is called behind each: what it throws ends the load.
 */
export function loadFiles(
  files: readonly RuleFile[],
  settings: LoadSettings,
  stopAtFirst: boolean,
  afterFile: (collector: Collector) => void = () => {},
): FilesOutcome {
  const memory = {
    budget: createBudget(),
    parsed: new Map(),
    resolved: new Map(),
    analyses: new Map(),
    outputs: new Map(),
  };
  let findings: LoadFinding[] = [];
  const report = (finding: LoadFinding) => {
    findings.push(finding);
  };
  const { engineVersion, sources, appendOutput } = settings;
  const collector = new Collector({ engineVersion, sources, report });
  const brokenMacros = new Set<string>();
  const engine = engineVersion[1];
  const inform = { report, brokenMacros, drafts: [] };
  const options: CompileOptions = { ...inform, sources, appendOutput, engine, stopAtFirst, memory };
  let compilation = NOTHING;
  const outcomes = files.map(({ name, text }, order): FileOutcome => {
    findings = [];
    const file = createSourceFile(name, text, order);
    const documents = readFile(file, settings, options);
    const complete = documents !== undefined && collectDocuments(documents, file, collector, options);
    const compileFrom = findings.length;
    if (complete || !stopAtFirst) compilation = compile(collector, options) ?? compilation;
    afterFile(collector);
    return { file, findings, compileFrom, documents: documents ?? [], isYaml: documents !== undefined };
  });
  return { files: outcomes, collector, brokenMacros, compilation };
}

function readFile(
  file: SourceFile,
  { yamlDialect }: LoadSettings,
  { report, stopAtFirst }: CompileOptions,
): readonly YamlNode[] | undefined {
  const context = fileContext(file);
  if (file.text.length > LONGEST_FILE) {
    const message = `the file has ${file.text.length} characters, more than ${LONGEST_FILE}`;
    report({ severity: "error", code: "RULES_TOO_LARGE", message, context });
    return undefined;
  }
  const { documents, fault, unread } = readYaml(file.text, yamlDialect);
  if (unread !== undefined && !stopAtFirst) {
    const message = "Falco reads no further than an empty document: the rest of the file is ignored";
    report({ severity: "warning", code: "RULES_UNREAD", message, context: markContext(unread, context) });
  }
  const wrong = fault ?? schemaFault(documents);
  if (wrong === undefined) return documents;
  const { message, mark, limit } = wrong;
  if (limit) report({ severity: "error", code: "RULES_TOO_LARGE", message, context: markContext(mark, context) });
  else {
    const words = `yaml-cpp: error at line ${mark.line + 1}, column ${mark.column + 1}: ${message}`;
    // What the schema stumbles over has no place of its own in Falco's findings.
    const at = fault === undefined ? context : markContext(mark, context);
    report({ severity: "error", code: "LOAD_ERR_YAML_PARSE", message: words, context: at });
  }
  return undefined;
}

/** Whether every item of the documents could be collected. */
function collectDocuments(
  documents: readonly YamlNode[],
  file: SourceFile,
  collector: Collector,
  { report, stopAtFirst, brokenMacros, drafts }: CompileOptions,
): boolean {
  const context = fileContext(file);
  let complete = true;
  for (const document of documents) {
    if (document.kind === "null") continue;
    if (document.kind !== "sequence") {
      const message =
        document.kind === "map" ? "Rules content is not yaml array of objects" : "Rules content is not yaml";
      report({ severity: "error", code: "LOAD_ERR_YAML_VALIDATE", message, context });
      if (stopAtFirst) return false;
      complete = false;
      continue;
    }
    for (const item of document.items) {
      if (item.kind === "null") continue;
      try {
        readItem(item, context, collector, report);
      } catch (thrown) {
        if (!(thrown instanceof ItemRejected)) throw thrown;
        for (const finding of thrown.findings) report(finding);
        const macro = lookup(item, "macro");
        if (macro?.kind === "scalar") brokenMacros.add(macro.value);
        if (stopAtFirst) return false;
        complete = false;
        const draft = readDraft(item, context);
        if (draft !== undefined) drafts.push(draft);
      }
    }
  }
  return complete;
}
