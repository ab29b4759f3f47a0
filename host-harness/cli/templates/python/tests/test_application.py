"""Tests of the application's side. They need no component: `make test` runs them with any Python."""

import json
import unittest

from application import Client, Refusal, plan, read_cursor

MARY = {"id": "u1", "key": "E1", "userName": "mary", "familyName": "Jones", "title": None, "groups": ["g1"]}


class PlanTest(unittest.TestCase):
    def test_only_what_differs_is_written(self):
        found = plan("E1", MARY, "mary", [("familyName", "Jones"), ("title", "Clerk")], ["g2"], False)
        self.assertEqual(found.action, "updated")
        self.assertEqual(found.body, {"title": "Clerk", "groups": ["g1", "g2"]})

    def test_nothing_to_do_is_unchanged(self):
        self.assertEqual(plan("E1", MARY, "mary", [("familyName", "Jones")], [], False).action, "unchanged")

    def test_an_attribute_that_nobody_has_is_named(self):
        with self.assertRaises(Refusal) as refused:
            plan("E2", None, "tom", [("familyName", "Doe"), ("shoeSize", "9")], [], False)
        self.assertIn("shoeSize", refused.exception.message)


class ClientTest(unittest.TestCase):
    def test_the_words_of_the_application_are_kept(self):
        answer = {"error": {"code": "name-taken", "message": "the name mary is taken", "field": "userName"}}
        client = Client("http://app", "key", lambda *_: (409, json.dumps(answer).encode()))
        with self.assertRaises(Refusal) as refused:
            client.user("u1")
        self.assertEqual(refused.exception.kind, "username-taken")
        self.assertEqual(refused.exception.upstream[2], "the name mary is taken")

    def test_what_is_no_cursor_is_refused(self):
        with self.assertRaises(Refusal):
            read_cursor("no cursor at all")


if __name__ == "__main__":
    unittest.main()
