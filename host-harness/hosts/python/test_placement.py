"""Plays wit/placement-vectors.json, as the host in Rust and the one in Node do."""

import json
import re
import unittest
from pathlib import Path

from placement import Access, Denied

VECTORS = json.loads((Path(__file__).parents[3] / "wit/placement-vectors.json").read_text())


class VectorsTest(unittest.TestCase):
    def access(self):
        plain = {name: value for name, value in VECTORS["secrets"].items() if ":" not in name}
        access = Access(VECTORS["declaration"], VECTORS["settings"], plain)
        given = dict(access.given)
        for name, value in VECTORS["secrets"].items():
            if ":" in name:
                given[name] = access.new_password(name.partition(":")[2], value)
        return access, given

    def same(self, found, wanted):
        try:
            found, wanted = json.loads(found), json.loads(wanted)
        except ValueError:
            pass
        self.assertEqual(found, wanted)

    def play(self, case):
        access, given = self.access()
        put = lambda text: re.sub(r"\{\{(.+?)\}\}", lambda match: given[match[1]], text)
        request = case["request"]
        headers = [(name, put(value)) for name, value in request["headers"]]
        body = put(request["body"]).encode() if "body" in request else None
        try:
            leaving = access.leaves(request["method"], put(request["url"]), headers, body)
        except Denied as denied:
            for word in case.get("denied", ["nothing is denied"]):
                self.assertIn(word, str(denied))
            return
        self.assertNotIn("denied", case)
        if "headers" in case["leaves"]:
            self.assertEqual([list(pair) for pair in leaving.headers], case["leaves"]["headers"])
        if "body" in case["leaves"]:
            self.same(leaving.body.decode(), case["leaves"]["body"])
        if "answer" in case:
            answer = case["answer"]
            _, headers, body = access.reaches(leaving, answer["status"], answer["headers"], answer["body"].encode())
            self.assertEqual([list(pair) for pair in headers], case["reaches"]["headers"])
            self.same(access.named(body.decode()), case["reaches"]["body"])

    def test_vectors(self):
        for case in VECTORS["cases"]:
            with self.subTest(case["name"]):
                self.play(case)
        print(f"{len(VECTORS['cases'])} placement vectors hold")


if __name__ == "__main__":
    unittest.main()
