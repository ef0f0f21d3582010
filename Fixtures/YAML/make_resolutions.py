"""Writes resolutions.json: what PyYAML's SafeLoader makes of scalars, one [document, kind, value] a line.

    python make_resolutions.py        # with pyyaml 6

The value is the text of an int, the 16 hexadecimal digits of a float's bits, a string itself, or null where the kind
says all. "error" is what PyYAML fails on.
"""
import datetime
import json
import pathlib
import random
import struct

import yaml

plain = """
~ null Null NULL nUll none None
true True TRUE tRue false False FALSE yes Yes YES no No NO on On ON off Off OFF y n Y N t f oN nO
0 1 -1 +1 -0 +0 00 -00 007 010 -010 +010 08 09 018 0_ 0__7 0_8 0_1 1_000 1__0 1_ -1_0 _1 123456789
9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 99999999999999999999999
0x0 0x10 0xFF 0xff 0X10 -0x1F +0x1f 0x 0x_ 0x_f 0xg 0xFFFFFFFFFFFFFFFF 0x7FFFFFFFFFFFFFFF -0x8000000000000000
0b0 0b1 0b101 -0b11 0b1_0 0b 0b_ 0b2 0B1 0o17 0o7 -0o17 0o 0o8 01777777777777777777777 0777777777777777777777
12:30 1:2 1:60 1:59 1:05 12:30:45 0:30 01:30 -1:30 +1:30 1_0:30 1:3_0 190:20:30 1:a 1::2 59:59:59:59:59:59:59:59:59:59
153722867280912930:7 153722867280912930:8 9223372036854775807:1
1.5 -1.5 +1.5 .5 -.5 +.5 1. -1. 0. 00.5 01.5 1_0.5 1.5_0 ._5 .5_ 1._5 1_._ . .. ... 1.. 1.2.3 0.1 0.30000000000000004
1e5 1e-5 1E5 1.e5 1.0e5 1.0e+5 1.0E-5 1.5e+ 1.5e+1_0 1e+5 .5e+3 .5e3 -1.5e-3 1.0e+400 -1.0e+400 1.0e-400 4.9e-324
2.2250738585072014e-308 1.7976931348623157e+308 123456789012345678901234567890.0 3.141592653589793238462643
.inf .Inf .INF -.inf +.inf -.Inf .iNf inf Inf infinity -inf .nan .NaN .NAN .Nan -.nan +.nan nan NaN
1:30.5 1:30. 1:59.999 12:30:45.25 -1:30.5 0:0.1 1:60.5 1:5.5 01:30.5 1_0:30.5 1:30.5_0 190:20:30.15 1:.5 1:30.5e+1
2024-01-01 2024-1-1 2024-13-45 2024-01-01T12:30:45 2024-01-01t12:30:45Z 2024-1-1T1:30:45.5+02:00 0000-00-00 1-1-1
2024-01-0 2024-01-001 20240101 2024-01 12-30 2024-01-01T12:30 2024-01-01T12:30:45+1 2024-01-01T12:30:45-01:3
= < << <<< -x +x -- + x *x? 1a 1,000 1/2 50% $1 1-2 norm* head.# re:/x/ 3.1.4 v1 1.0.0 1e 1e+ e5 0xyz ٣ １２
nn.Upsample None nearest 512 0.33 i
"""
texts = [text for text in plain.split() if text[0] != "*"]
texts += ["", "a b", "1 2", "2024-01-01 12:30:45", "2024-01-01 \t12:30:45 Z", "2024-01-01 12:30:45 +02:00",
          "2024-01-01 12:30:45.", "yes no", "2024-1-01"]
documents = ["- " + text for text in texts]

other = ["no", "1", "~", "1.5", "1_0", "0x1F", "010", ".inf", "1e5", "", "12:30"]
documents += [f"- '{text}'" for text in other] + [f'- "{text}"' for text in other]
documents += [f"- |-\n  {text}" for text in other] + [f"- >-\n  {text}" for text in other]
documents += [f"- !!{tag} {text}" for tag, text in [
    ("str", "no"), ("str", "1"), ("str", ""), ("str", "~"), ("str", "2024-01-01"), ("int", "1"), ("int", "'1_0'"),
    ("int", "0x1F"), ("int", "010"), ("int", "12:30"), ("float", "1"), ("float", "1e5"), ("float", "'1.5'"),
    ("float", "010"), ("float", ".inf"), ("float", ".5e3"), ("float", "-.5"), ("float", "1:30.5"), ("bool", "no"),
    ("bool", "'yes'"), ("bool", "oN"), ("null", "~"), ("null", "''"), ("null", ""),
]]

# Texts that are nearly numbers, from the characters that matter.
draw = random.Random(20240607)
alphabets = ["0123456789_.", "01_:.5", "0x_1f8", "0b_12", "01234567_", "0123456789.e+-", "+-.infa", "2024-1T:. Z"]
seen = set(documents)
while len(documents) < 900:
    text = "".join(draw.choice(draw.choice(alphabets)) if draw.random() < 0.2 else c
                   for c in draw.choices(draw.choice(alphabets), k=draw.randint(1, 7))).strip()
    text = draw.choice(["", "", "", "-", "+", "0", "1"]) + text
    document = "- " + text
    if document in seen or not text:
        continue
    try:
        nodes = yaml.compose(document).value
    except yaml.YAMLError:
        continue
    if len(nodes) != 1 or not isinstance(nodes[0], yaml.ScalarNode) or nodes[0].value != text:
        continue
    seen.add(document)
    documents.append(document)


def verdict(document):
    try:
        value, = yaml.safe_load(document)
    except Exception:  # ValueError, OverflowError and YAMLError
        return "error", None
    if value is None:
        return "null", None
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, float):
        return "float", "nan" if value != value else struct.pack(">d", value).hex()
    if isinstance(value, (datetime.date, datetime.datetime)):
        return "date", None
    return "string", value


rows = [json.dumps([document, *verdict(document)], ensure_ascii=False) for document in documents]
path = pathlib.Path(__file__).with_name("resolutions.json")
path.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
print(f"{len(rows)} scalars by PyYAML {yaml.__version__}")
