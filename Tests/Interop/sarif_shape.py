"""What SARIF 2.1.0 asks of the objects that `check --format sarif` is made of, told again here: for where the schema cannot be had.

A field is required where its name ends in `!`. Its value is a kind of text or number, one of some words, an object of this table, a
list of them (in brackets), or a dict of them (in braces). What the table does not know is a fault, though the standard may have it.
"""
import re

LEVELS = ("none", "note", "warning", "error")
KINDS = {
    "text": lambda value: isinstance(value, str),
    "flag": lambda value: isinstance(value, bool),
    "count": lambda value: type(value) is int and value >= 0,
    # A reference as RFC 3986 has it: nothing but its characters, and those that are not letters escaped.
    "uri": lambda value: isinstance(value, str) and re.fullmatch(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", value),
    "version": lambda value: isinstance(value, str) and re.fullmatch(r"\d+\.\d+\.\d+(?:[-+].+)?", value),
    "any": lambda value: True,
}
OBJECTS = {
    "log": {"$schema": "uri", "version!": ("2.1.0",), "runs!": ["run"]},
    "run": {
        "tool!": "tool", "invocations": ["invocation"], "originalUriBaseIds": {"artifactLocation"}, "artifacts": ["artifact"],
        "results": ["result"], "columnKind": ("utf16CodeUnits", "unicodeCodePoints"),
    },
    "tool": {"driver!": "component"},
    "component": {"name!": "text", "semanticVersion": "version", "shortDescription": "message!", "rules": ["rule"]},
    "rule": {
        "id!": "text", "name": "text", "shortDescription": "message!", "fullDescription": "message!", "help": "message!",
        "defaultConfiguration": "configuration", "properties": {"any"},
    },
    "configuration": {"level": LEVELS},
    # Where there are no arguments and no identifiers of messages, a message is its text.
    "message!": {"text!": "text"},
    "invocation": {"executionSuccessful!": "flag", "toolExecutionNotifications": ["notification"]},
    "notification": {"message!": "message!", "level": LEVELS, "locations": ["location"]},
    "artifact": {"location": "artifactLocation", "roles": ["role"]},
    "artifactLocation": {"uri": "uri", "uriBaseId": "text", "index": "count", "description": "message!"},
    "result": {
        "ruleId": "text", "ruleIndex": "count", "level": LEVELS, "message!": "message!", "locations": ["location"],
        "partialFingerprints": {"text"},
    },
    "location": {"physicalLocation": "place", "logicalLocations": ["logical"]},
    "place": {"artifactLocation": "artifactLocation", "region": "region"},
    "region": {"byteOffset": "count", "byteLength": "count"},
    "logical": {"fullyQualifiedName": "text", "kind": "text"},
}
ROLES = ("analysisTarget", "resultFile")


def faults(value, kind="log", place=""):
    """What is not as the standard has it, each with its place."""
    if isinstance(kind, tuple):
        return [] if value in kind else [f"{place}: {value!r} is none of {kind}"]
    if isinstance(kind, list):
        inner = ROLES if kind == ["role"] else kind[0]
        return [fault for i, one in enumerate(value) for fault in faults(one, inner, f"{place}[{i}]")] if isinstance(value, list) else [
            f"{place}: no list"]
    if isinstance(kind, set):
        (inner,) = kind
        return [fault for key, one in value.items() for fault in faults(one, inner, f"{place}.{key}")] if isinstance(value, dict) else [
            f"{place}: no object"]
    if kind in KINDS:
        return [] if KINDS[kind](value) else [f"{place}: {value!r} is no {kind}"]
    if not isinstance(value, dict):
        return [f"{place}: no object"]
    known = {name.rstrip("!"): inner for name, inner in OBJECTS[kind].items()}
    missing = [name[:-1] for name in OBJECTS[kind] if name.endswith("!") and name[:-1] not in value]
    found = [f"{place}.{name}: is missing" for name in missing] + [f"{place}.{name}: is not known" for name in value if name not in known]
    return found + [fault for name, one in value.items() if name in known for fault in faults(one, known[name], f"{place}.{name}")]


def loose_ends(report):
    """Indices that name nothing, rules that are not those of their index, bases that are not told."""
    found = []
    for run in report["runs"]:
        rules, artifacts = run["tool"]["driver"]["rules"], run["artifacts"]
        for result in run["results"]:
            index = result.get("ruleIndex", -1)
            if not 0 <= index < len(rules) or rules[index]["id"] != result["ruleId"]:
                found.append(f"rule {index} is not {result['ruleId']}")
        said = run["results"] + [one for call in run.get("invocations", []) for one in call.get("toolExecutionNotifications", [])]
        for location in (place for one in said for place in one.get("locations", [])):
            artifact = location.get("physicalLocation", {}).get("artifactLocation", {})
            index = artifact.get("index", -1)
            if not 0 <= index < len(artifacts) or artifacts[index]["location"]["uri"] != artifact["uri"]:
                found.append(f"artifact {index} is not {artifact.get('uri')}")
            if artifact.get("uriBaseId", "SRCROOT") not in run.get("originalUriBaseIds", {"SRCROOT": None}):
                found.append(f"{artifact['uriBaseId']} is not told")
    return found
