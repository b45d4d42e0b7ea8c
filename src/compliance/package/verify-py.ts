import { READ_PACKAGE_PY } from "./verify-py-reading.ts";

/**
 * The second verifier, as it lies in every package: Python's standard library and the openssl command, and no code in
 * common with this program. It tells what a reader must trust: nothing that we ship after the package was made.
 */
export const VERIFY_PY = String.raw`#!/usr/bin/env python3
"""Checks a falco-skills evidence package. Exit 0 only when everything holds.

usage: python3 verify.py [PACKAGE] [--key VKEY] [--json]

PACKAGE is a folder or a zip (default: the folder of this file). VKEY is the public key
that you got from elsewhere; without it the package's own key is used, and said so.
Needs Python 3.8 and openssl 1.1.1 or later. Reads only; contacts nobody.
"""
import base64, hashlib, json, os, re, struct, subprocess, sys, tempfile, zipfile, zlib

FORMAT = "falco-skills-export/1"
HEX = re.compile(r"[0-9a-f]{64}\Z")
MAX_ZIP = 4000000000
reasons = set()


def sha(data):
    return hashlib.sha256(data).digest()


def canonical(value, depth=0):
    if depth > 64:
        raise ValueError("too deep")
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        if abs(value) >= 2 ** 53:
            raise ValueError("number too large")
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(canonical(item, depth + 1) for item in value) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(json.dumps(key, ensure_ascii=False) + ":" + canonical(value[key], depth + 1) for key in keys) + "}"
    raise ValueError("a value that no record may hold")


def parse(data):
    """The object whose canonical form the bytes are; None when they are not one."""
    try:
        value = json.loads(data.decode("utf-8"))
        return value if isinstance(value, dict) and canonical(value).encode("utf-8") == data else None
    except (ValueError, RecursionError):
        return None


${READ_PACKAGE_PY}def decode(text):
    """Bytes of a base64 text that is the only one for them; None otherwise."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64.b64encode(data).decode() == text else None


def parse_key(vkey):
    match = re.match(r"([^\s+]{1,256})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})\Z", vkey)
    material = decode(match.group(3)) if match else None
    if material is None or len(material) != 33 or material[0] != 1:
        return None
    name = match.group(1)
    ident = sha(name.encode() + b"\n" + material)[:4]
    return (name, ident, material[1:]) if ident.hex() == match.group(2) else None


def signed_text(note, key):
    """Text of a note that the key signed, or the word for what is wrong."""
    name, ident, raw = key
    try:
        text, _, tail = note.decode("utf-8").rpartition("\n\n")
    except ValueError:
        return None, "malformed"
    match = re.match("\u2014 ([^\\s+]+) ([A-Za-z0-9+/]+={0,2})\n\\Z", tail)
    blob = decode(match.group(2)) if match else None
    if not text or blob is None or match.group(1) != name or blob[:4] != ident or len(blob) != 68:
        return None, "malformed"
    message = (text + "\n").encode("utf-8")
    der = bytes.fromhex("302a300506032b6570032100") + raw
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, part) for part in ("key", "message", "signature")]
        for path, data in zip(names, (der, message, blob[4:])):
            with open(path, "wb") as file:
                file.write(data)
        command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
                   "-inkey", names[0], "-in", names[1], "-sigfile", names[2]]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (text + "\n", None) if done.returncode == 0 else (None, "bad-signature")


def leaf(line):
    return sha(b"\0" + line)


def node(left, right):
    return sha(b"\1" + left + right)


def split(count):
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def root_of(leaves, first, size, proof):
    """Tree head of a range of leaves and the hashes of the subtrees beside it."""
    last = first + len(leaves)
    rest = list(proof)

    def full(low, high):
        if high - low == 1:
            return leaves[low - first]
        middle = low + split(high - low)
        return node(full(low, middle), full(middle, high))

    def walk(low, high):
        if high <= first or low >= last:
            return rest.pop(0)
        if low >= first and high <= last:
            return full(low, high)
        middle = low + split(high - low)
        left = walk(low, middle)
        return node(left, walk(middle, high))

    try:
        head = walk(0, size)
    except IndexError:
        return None
    return None if rest else head


def whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def check_manifest(package):
    try:
        data = package.read("manifest.json")
        note = package.read("manifest.note")
    except OSError:
        reasons.add("manifest-missing")
        return None, None
    manifest = parse(data)
    if manifest is None or manifest.get("format") != FORMAT or manifest.get("v") != 1:
        reasons.add("manifest-malformed")
        return None, None
    files, part, proof = manifest.get("files"), manifest.get("slice"), manifest.get("proof")
    good = isinstance(files, list) and isinstance(part, dict) and isinstance(proof, list)
    good = good and all(isinstance(manifest.get(name), str) for name in ("log", "key", "root", "as_of"))
    good = good and all(isinstance(one, dict) and isinstance(one.get("path"), str) and whole(one.get("bytes"))
                        and HEX.match(str(one.get("sha256"))) for one in files)
    good = good and all(isinstance(one, str) and HEX.match(one) for one in proof)
    good = good and all(whole(part.get(name)) for name in ("from", "to", "total", "left_out"))
    if not good:
        reasons.add("manifest-malformed")
        return None, None
    key = parse_key(manifest["key"])
    if key is None or key[0] != "falco-skills/" + manifest["log"]:
        reasons.add("key-malformed")
        return manifest, None
    text, fault = signed_text(note, key)
    if fault:
        reasons.add("note-" + fault)
    elif text != "%s\n%s\n%s\n" % (FORMAT, manifest["log"], sha(data).hex()):
        reasons.add("note-differs")
    return manifest, key


def check_files(package, manifest):
    listed = {one["path"]: one for one in manifest["files"]}
    if len(listed) != len(manifest["files"]):
        reasons.add("manifest-malformed")
    found = package.files - {"manifest.json", "manifest.note"}
    if package.odd or found - set(listed):
        reasons.add("file-unlisted")
    for path, one in listed.items():
        if path not in found:
            reasons.add("file-missing")
            continue
        data = package.read(path)
        if len(data) != one["bytes"] or sha(data).hex() != one["sha256"]:
            reasons.add("file-changed")
    return listed


def check_head(package, manifest, key):
    try:
        note = package.read("checkpoint")
    except OSError:
        return
    text, fault = signed_text(note, key)
    lines = (text or "").split("\n")
    if fault or len(lines) != 4 or lines[0] != "falco-skills/" + manifest["log"]:
        reasons.add("checkpoint-bad")
        return
    root = decode(lines[2])
    if lines[1] != str(manifest["slice"]["total"]) or root is None or root.hex() != manifest["root"]:
        reasons.add("head-differs")


def check_records(package, manifest):
    part = manifest["slice"]
    first, last, total = part["from"], part["to"], part["total"]
    kind = "whole" if first == 0 and last == total else "slice"
    if not first < last <= total or part["left_out"] != total - (last - first) or part.get("kind") != kind:
        reasons.add("slice-malformed")
        return []
    try:
        data = package.read("records.jsonl")
    except OSError:
        return []
    lines = data.split(b"\n")
    if lines.pop() != b"" or len(lines) != last - first:
        reasons.add("records-count")
        return []
    records, before = [], None
    for place, line in enumerate(lines):
        record = parse(line)
        if record is None or record.get("v") != 1:
            reasons.add("records-malformed")
            return []
        previous = "0" * 64 if place + first == 0 else before
        if record.get("seq") != place + first or record.get("log") != manifest["log"] or (
                previous is not None and record.get("prev") != previous):
            reasons.add("records-chain")
        before = leaf(line).hex()
        records.append(record)
    root = root_of([leaf(line) for line in lines], first, total, [bytes.fromhex(one) for one in manifest["proof"]])
    if root is None or root.hex() != manifest["root"]:
        reasons.add("root-differs")
    if records and records[-1].get("ts") != manifest["as_of"]:
        reasons.add("slice-malformed")
    return records


def details_of(record):
    details = record.get("details")
    value = details.get("value") if isinstance(details, dict) else None
    return value if isinstance(value, dict) else {}


def check_evidence(package, listed, records):
    added = {}
    for record in records:
        if record.get("type") == "evidence.added":
            added[details_of(record).get("id")] = record
    for path in listed:
        match = re.match(r"evidence/(ev-[0-9a-f]{16})\.json\Z", path)
        if not match:
            continue
        try:
            data = package.read(path)
        except OSError:
            continue
        manifest = parse(data)
        if manifest is None:
            reasons.add("evidence-malformed")
            continue
        rest = {name: value for name, value in manifest.items() if name != "id"}
        ident = "ev-" + sha(canonical(rest).encode("utf-8")).hex()[:16]
        if ident != match.group(1) or manifest.get("id") != ident:
            reasons.add("evidence-malformed")
            continue
        blob = listed.get("evidence/blobs/" + str(manifest.get("sha256")))
        if blob is None or blob["sha256"] != manifest.get("sha256") or blob["bytes"] != manifest.get("bytes"):
            reasons.add("evidence-missing")
        record = added.get(ident)
        kept = record.get("evidence") if record else None
        if not isinstance(kept, dict) or kept.get("sha256") != manifest.get("sha256") or (
                details_of(record).get("manifest_sha256") != sha(data).hex()):
            reasons.add("evidence-unrecorded")


def main():
    given = sys.argv[1:]
    as_json = "--json" in given
    given = [one for one in given if one != "--json"]
    pinned = None
    if "--key" in given:
        at = given.index("--key")
        pinned = given[at + 1].strip() if at + 1 < len(given) else ""
        del given[at:at + 2]
    path = given[0] if given else os.path.dirname(os.path.abspath(__file__))
    manifest = None
    try:
        package = Zipped(path) if os.path.isfile(path) else Folder(path)
        manifest, key = check_manifest(package)
    except Refused as refused:
        reasons.add(str(refused))
    if manifest is not None:
        if pinned is not None and pinned != manifest["key"]:
            reasons.add("key-differs")
        listed = check_files(package, manifest)
        if key is not None:
            check_head(package, manifest, key)
        check_evidence(package, listed, check_records(package, manifest))
    ok = not reasons
    if as_json:
        print(json.dumps({"ok": ok, "reasons": sorted(reasons)}))
    elif ok:
        part = manifest["slice"]
        print("holds: records %d to %d of %d (%s)" % (part["from"], part["to"] - 1, part["total"], part["kind"]))
        print("key: " + manifest["key"])
        if pinned is None:
            print("UNPINNED: the key was taken from the package itself; pass --key with the one you got from elsewhere")
    else:
        print("does not hold: " + ", ".join(sorted(reasons)))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
`;
