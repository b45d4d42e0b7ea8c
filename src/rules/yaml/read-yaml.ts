import { type YamlDialect, YamlFault } from "./cursor.ts";
import { Scanner } from "./scanner.ts";
import type { Token } from "./token.ts";
import type { Mark, YamlNode } from "./yaml-node.ts";

const DEEPEST = 500;
const MOST_VALUES = 2_000_000;

export interface YamlReading {
  /** Where the text goes on behind an empty document that ends the reading. */
  readonly unread?: Mark;
  /** Up to the first that is empty: Falco reads no further than that. */
  readonly documents: readonly YamlNode[];
  readonly fault?: {
    readonly mark: Mark;
    readonly message: string;
    /** A bound of ours, not a fault of the YAML: what is wrong is its size. */
    readonly limit: boolean;
  };
}

/**
 * The documents of a YAML text, or where and why reading stopped, in the words of the library that Falco reads with
 * (yaml-cpp @c2bec4c). Takes time in step with the text: collections nest at most 500 deep, and a file may hold at most
 * 2,000,000 values with every alias counted as a copy. An alias inside the value it names is empty and marked recursive.
 */
export function readYaml(text: string, dialect: YamlDialect = "bundled"): YamlReading {
  const reader = new DocumentReader(new Scanner(text, dialect), dialect);
  const documents: YamlNode[] = [];
  try {
    for (let root = reader.next(); root !== undefined; root = reader.next()) {
      if (root.kind === "null" && dialect === "bundled") {
        const unread = reader.nextMark();
        return unread === undefined ? { documents } : { documents, unread };
      }
      documents.push(root);
    }
    return { documents };
  } catch (thrown) {
    if (!(thrown instanceof YamlFault)) throw thrown;
    return { documents: [], fault: { mark: thrown.mark, message: thrown.message, limit: thrown instanceof YamlLimit } };
  }
}

class YamlLimit extends YamlFault {}

interface Properties {
  readonly tagged: boolean;
  readonly anchor: string | undefined;
}

const NO_PROPERTIES: Properties = { tagged: false, anchor: undefined };

interface Anchored {
  node: YamlNode;
  /** Values in the node with aliases as copies; 0 while it is still open. */
  values: number;
}

/** What stands for an alias inside the very collection it names: the same kind, with nothing in it. */
function recursive({ kind, mark }: YamlNode): YamlNode {
  return kind === "map"
    ? { kind, mark, pairs: [], recursive: true }
    : { kind: "sequence", mark, items: [], recursive: true };
}

class DocumentReader {
  readonly #scanner: Scanner;
  readonly #namesAnchors: boolean;
  #tagHandles = new Set<string>();
  #versionSeen = false;
  #anchors = new Map<string, Anchored>();
  #depth = 0;
  #values = 0;
  #inFlowSequence: boolean[] = [];

  constructor(scanner: Scanner, dialect: YamlDialect) {
    this.#scanner = scanner;
    this.#namesAnchors = dialect === "bundled";
  }

  /** The next document's root; undefined behind the last. */
  next(): YamlNode | undefined {
    this.#readDirectives();
    const first = this.#scanner.peek();
    if (first === undefined) return undefined;
    if (first.type === "document-start") this.#scanner.pop();
    this.#anchors = new Map();
    const root = this.#node();
    while (this.#scanner.peek()?.type === "document-end") this.#scanner.pop();
    // yaml-cpp 0.7 would take a token that fits nowhere for one empty document after another, without end.
    if (this.#scanner.peek() === first) throw new YamlLimit(first.mark, "nothing can be read behind this place");
    return root;
  }

  /** Where the next document would begin, without reading it; what cannot be read there is of no interest. */
  nextMark(): Mark | undefined {
    try {
      return this.#scanner.peek()?.mark;
    } catch (thrown) {
      if (thrown instanceof YamlFault) return thrown.mark;
      throw thrown;
    }
  }

  #readDirectives(): void {
    let first = true;
    for (let token = this.#scanner.peek(); token?.type === "directive"; token = this.#scanner.peek()) {
      if (first) {
        this.#tagHandles = new Set();
        this.#versionSeen = false;
      }
      first = false;
      this.#checkDirective(token);
      this.#scanner.pop();
    }
  }

  #checkDirective({ value, parameters, mark }: Token): void {
    const [handle = ""] = parameters;
    if (value === "YAML") {
      if (parameters.length !== 1) throw new YamlFault(mark, "YAML directives must have exactly one argument");
      if (this.#versionSeen) throw new YamlFault(mark, "repeated YAML directive");
      const major = /^([0-9]{1,9}).[0-9]{1,9}$/.exec(handle)?.[1];
      if (major === undefined) throw new YamlFault(mark, `bad YAML version: ${handle}`);
      if (Number(major) > 1) throw new YamlFault(mark, "YAML major version too large");
      this.#versionSeen = true;
    } else if (value === "TAG") {
      if (parameters.length !== 2) throw new YamlFault(mark, "TAG directives must have exactly two arguments");
      if (this.#tagHandles.has(handle)) throw new YamlFault(mark, "repeated TAG directive");
      this.#tagHandles.add(handle);
    }
  }

  #node(): YamlNode {
    this.#depth += 1;
    if (this.#depth >= DEEPEST) throw new YamlFault(this.#scanner.mark, "bad file");
    const node = this.#nodeAtDepth();
    this.#depth -= 1;
    return node;
  }

  #nodeAtDepth(): YamlNode {
    const first = this.#scanner.peek();
    if (first === undefined) return this.#empty(this.#scanner.mark);
    if (first.type === "value") return this.#map(first.mark, undefined);
    if (first.type === "alias") return this.#alias(first);
    const { tagged, anchor } = first.type === "tag" || first.type === "anchor" ? this.#properties() : NO_PROPERTIES;
    const token = this.#scanner.peek();
    const mark = first.mark;
    if (token?.type === "plain" || token?.type === "quoted") {
      this.#scanner.pop();
      const isNull = token.type === "plain" && !tagged && /^(?:~|null|Null|NULL|)$/.test(token.value);
      if (isNull) return this.#close(anchor, this.#empty(mark), 1);
      this.#count(mark, 1);
      return this.#close(
        anchor,
        { kind: "scalar", mark, value: token.value, map: token.map, plain: token.type === "plain" },
        1,
      );
    }
    if (token?.type === "flow-sequence-start" || token?.type === "block-sequence-start")
      return this.#sequence(mark, anchor);
    const opensMap =
      token?.type === "flow-map-start" ||
      token?.type === "block-map-start" ||
      (token?.type === "key" && this.#inFlowSequence.at(-1) === true);
    if (opensMap) return this.#map(mark, anchor);
    if (!tagged || token === undefined) return this.#close(anchor, this.#empty(mark), 1);
    return this.#close(anchor, { kind: "scalar", mark, value: "", map: mark.offset, plain: false }, 1);
  }

  #empty(mark: Mark): YamlNode {
    this.#count(mark, 1);
    return { kind: "null", mark };
  }

  #count(mark: Mark, values: number): void {
    this.#values += values;
    if (this.#values > MOST_VALUES) {
      throw new YamlLimit(mark, `the file holds more than ${MOST_VALUES} values, aliases counted as copies`);
    }
  }

  #close(anchor: string | undefined, node: YamlNode, values: number): YamlNode {
    if (anchor !== undefined) this.#anchors.set(anchor, { node, values });
    return node;
  }

  #alias(token: Token): YamlNode {
    const anchored = this.#anchors.get(token.value);
    if (anchored === undefined) {
      const name = this.#namesAnchors ? `: ${token.value}` : "";
      throw new YamlFault(token.mark, `the referenced anchor is not defined${name}`);
    }
    this.#scanner.pop();
    if (anchored.values === 0) return recursive(anchored.node);
    this.#count(token.mark, anchored.values);
    return anchored.node;
  }

  #properties(): Properties {
    let tag: string | undefined;
    let anchor: string | undefined;
    for (let token = this.#scanner.peek(); token !== undefined; token = this.#scanner.peek()) {
      if (token.type === "tag") {
        if (tag !== undefined && tag !== "")
          throw new YamlFault(token.mark, "cannot assign multiple tags to the same node");
        tag = token.value;
      } else if (token.type === "anchor") {
        if (anchor !== undefined) throw new YamlFault(token.mark, "cannot assign multiple anchors to the same node");
        anchor = token.value;
      } else break;
      this.#scanner.pop();
    }
    return { tagged: tag !== undefined && tag !== "", anchor };
  }

  #sequence(mark: Mark, anchor: string | undefined): YamlNode {
    const before = this.#values;
    this.#count(mark, 1);
    const items: YamlNode[] = [];
    const node: YamlNode = { kind: "sequence", mark, items };
    this.#close(anchor, node, 0);
    const inFlow = this.#scanner.peek()?.type === "flow-sequence-start";
    this.#scanner.pop();
    this.#inFlowSequence.push(inFlow);
    if (inFlow) this.#flowItems(items);
    else this.#blockItems(items);
    this.#inFlowSequence.pop();
    return this.#close(anchor, node, this.#values - before);
  }

  #blockItems(items: YamlNode[]): void {
    const scanner = this.#scanner;
    while (true) {
      const token = scanner.peek();
      if (token === undefined || (token.type !== "block-entry" && token.type !== "block-sequence-end")) {
        throw new YamlFault(token?.mark ?? scanner.mark, "end of sequence not found");
      }
      scanner.pop();
      if (token.type === "block-sequence-end") return;
      const next = scanner.peek();
      const isEmpty = next?.type === "block-entry" || next?.type === "block-sequence-end";
      items.push(isEmpty ? this.#empty(next.mark) : this.#node());
    }
  }

  #flowItems(items: YamlNode[]): void {
    const scanner = this.#scanner;
    while (true) {
      const token = scanner.peek();
      if (token === undefined) throw new YamlFault(scanner.mark, "end of sequence flow not found");
      if (token.type === "flow-sequence-end") {
        scanner.pop();
        return;
      }
      items.push(this.#node());
      const next = scanner.peek();
      if (next?.type === "flow-entry") scanner.pop();
      else if (next?.type !== "flow-sequence-end") {
        throw new YamlFault(next?.mark ?? scanner.mark, "end of sequence flow not found");
      }
    }
  }

  #map(mark: Mark, anchor: string | undefined): YamlNode {
    const before = this.#values;
    this.#count(mark, 1);
    const pairs: [YamlNode, YamlNode][] = [];
    const node: YamlNode = { kind: "map", mark, pairs };
    this.#close(anchor, node, 0);
    this.#inFlowSequence.push(false);
    const opening = this.#scanner.peek();
    if (opening?.type === "block-map-start") this.#blockPairs(pairs);
    else if (opening?.type === "flow-map-start") this.#flowPairs(pairs);
    else pairs.push(this.#pair(mark));
    this.#inFlowSequence.pop();
    return this.#close(anchor, node, this.#values - before);
  }

  /** A key and its value, either of which may be missing; at least one token of the two stands here. */
  #pair(mark: Mark): [YamlNode, YamlNode] {
    const scanner = this.#scanner;
    let key: YamlNode;
    if (scanner.peek()?.type === "key") {
      scanner.pop();
      key = this.#node();
    } else key = this.#empty(mark);
    if (scanner.peek()?.type !== "value") return [key, this.#empty(mark)];
    scanner.pop();
    return [key, this.#node()];
  }

  #blockPairs(pairs: [YamlNode, YamlNode][]): void {
    const scanner = this.#scanner;
    scanner.pop();
    while (true) {
      const token = scanner.peek();
      if (token?.type === "block-map-end") {
        scanner.pop();
        return;
      }
      if (token?.type !== "key" && token?.type !== "value") {
        throw new YamlFault(token?.mark ?? scanner.mark, "end of map not found");
      }
      pairs.push(this.#pair(token.mark));
    }
  }

  #flowPairs(pairs: [YamlNode, YamlNode][]): void {
    const scanner = this.#scanner;
    scanner.pop();
    while (true) {
      const token = scanner.peek();
      if (token === undefined) throw new YamlFault(scanner.mark, "end of map flow not found");
      if (token.type === "flow-map-end") {
        scanner.pop();
        return;
      }
      pairs.push(this.#pair(token.mark));
      const next = scanner.peek();
      if (next?.type === "flow-entry") scanner.pop();
      else if (next?.type !== "flow-map-end")
        throw new YamlFault(next?.mark ?? scanner.mark, "end of map flow not found");
    }
  }
}
