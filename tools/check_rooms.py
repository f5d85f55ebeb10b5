#!/usr/bin/env python3
"""Checks every #include of a room's header against rooms.txt.

The linker cannot see a bad include: all rooms share one include root. Third-party and standard headers are not judged.
Also refused: a room's header named without its room, an include that climbs with "..", a header that does not exist,
a third-party header in a public header that STYLE.md keeps out, and an exception that is no longer needed.
"""

import argparse
import pathlib
import re
import sys
import tempfile
import unittest

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"')
# Dependencies whose types must stay in .cc files and in <room>/internal/.
PRIVATE_LIBRARY = re.compile(
    r"^[ \t]*#[ \t]*include[ \t]*<((?:boost|nlohmann|onnxruntime|opencv2|prometheus|spdlog|yaml-cpp|libav\w+|libsw\w+|lemon|hwy|curl)/"
    r"[^>]+|onnxruntime_c\w+\.h|turbojpeg\.h)>"
)
SOURCE_SUFFIXES = {".cc", ".h"}


def read_rooms(text):
    """rooms.txt as {room: set of rooms it may use}."""
    rooms = {}
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if line:
            room, _, edges = line.partition(":")
            rooms[room.strip()] = set(edges.split())
    return rooms


def read_exceptions(text):
    """rooms_exceptions.txt as a set of (file, header)."""
    exceptions = set()
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if len(words) == 2:
            exceptions.add((words[0], words[1]))
        elif words:
            raise ValueError(f"rooms_exceptions.txt: expected 'file header  # why', got: {line.strip()}")
    return exceptions


def check_rooms_file(rooms):
    known = set()
    for room, edges in rooms.items():
        for edge in sorted(edges - known):
            yield f"rooms.txt: {room} may use {edge}, which is not a room above it: edges must not form a cycle"
        known.add(room)


def judge(include, room, rooms, source_root):
    """The complaint about one included header, or None."""
    parts = pathlib.PurePosixPath(include).parts
    if ".." in parts:
        return "climbs with '..': name it by its room, e.g. \"base/result.h\""
    target = parts[0] if len(parts) > 1 else None
    if target not in rooms:
        return f"is not room-qualified or {target!r} is not in rooms.txt"
    if not (source_root / include).is_file():
        return "does not exist"
    if target != room and target not in rooms[room]:
        return f"room '{room}' may not use room '{target}' (rooms.txt): turn the dependency round with an interface or a queue"
    if target != room and "internal" in parts:
        return f"is internal to room '{target}'"
    return None


def check_file(path, source_root, rooms, exceptions, used_exceptions):
    name = path.relative_to(source_root.parent).as_posix()
    room = path.relative_to(source_root).parts[0]
    is_public_header = path.suffix == ".h" and "internal" not in path.parts
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if match := INCLUDE.match(line):
            complaint = judge(match[1], room, rooms, source_root)
        elif is_public_header and (match := PRIVATE_LIBRARY.match(line)):
            complaint = "third-party types stay in .cc files or in internal/"
        else:
            continue
        if complaint is None:
            continue
        if (name, match[1]) in exceptions:
            used_exceptions.add((name, match[1]))
        else:
            yield f"{name}:{number}: \"{match[1]}\": {complaint}"


def check_tree(root):
    """All complaints about the tree under `root`, in a fixed order."""
    source_root = root / "src"
    rooms = read_rooms((root / "rooms.txt").read_text(encoding="utf-8"))
    exceptions_file = root / "tools" / "rooms_exceptions.txt"
    exceptions = read_exceptions(exceptions_file.read_text(encoding="utf-8")) if exceptions_file.is_file() else set()
    complaints = list(check_rooms_file(rooms))
    used = set()
    for path in sorted(source_root.rglob("*")):
        if path.suffix not in SOURCE_SUFFIXES or not path.is_file():
            continue
        relative = path.relative_to(source_root)
        if relative.parts[0] not in rooms:
            complaints.append(f"src/{relative.as_posix()}: folder '{relative.parts[0]}' is not a room of rooms.txt")
            continue
        complaints.extend(check_file(path, source_root, rooms, exceptions, used))
    for name, include in sorted(exceptions - used):
        complaints.append(f"tools/rooms_exceptions.txt: {name} no longer includes {include}: remove the line")
    return complaints


class CheckRoomsTest(unittest.TestCase):
    """Run by --self-test: the gate must be seen to refuse what it should."""

    def complaints(self, files, exceptions=""):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            everything = {"rooms.txt": "# edges\nbase:\nmedia: base\ntrack: base media\n", "tools/rooms_exceptions.txt": exceptions}
            for name, text in {**everything, **files}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            return check_tree(root)

    def test_accepts_listed_edges_own_headers_and_library_headers(self):
        files = {
            "src/base/result.h": "#include <string>\n#include <tl/expected.hpp>\n",
            "src/media/frame.h": '#include "base/result.h"\n',
            "src/media/frame.cc": '#include "media/frame.h"\n#include <libavutil/frame.h>\n',
        }
        self.assertEqual(self.complaints(files), [])

    def test_refuses_an_upward_edge(self):
        files = {"src/base/clock.cc": '#include "media/frame.h"\n', "src/media/frame.h": ""}
        self.assertIn("src/base/clock.cc:1", self.complaints(files)[0])

    def test_refuses_unqualified_missing_and_climbing_includes(self):
        files = {"src/base/a.cc": '#include "a.h"\n#include "base/gone.h"\n#include "../base/a.h"\n', "src/base/a.h": ""}
        self.assertEqual(len(self.complaints(files)), 3)

    def test_refuses_private_libraries_in_public_headers_only(self):
        text = "#include <libavutil/frame.h>\n"
        files = {"src/media/a.h": text, "src/media/internal/b.h": text, "src/media/c.cc": text}
        self.assertEqual(len(self.complaints(files)), 1)

    def test_refuses_the_internals_of_another_room(self):
        files = {"src/media/a.cc": '#include "base/internal/b.h"\n', "src/base/internal/b.h": ""}
        self.assertEqual(len(self.complaints(files)), 1)

    def test_refuses_unknown_folders_and_cycles(self):
        self.assertEqual(len(self.complaints({"src/utils/a.h": ""})), 1)
        self.assertEqual(len(self.complaints({"rooms.txt": "base: media\nmedia: base\n", "src/base/a.h": ""})), 1)

    def test_an_exception_excuses_its_include_and_fails_when_stale(self):
        files = {"src/base/clock.cc": '#include "media/frame.h"\n', "src/media/frame.h": ""}
        excuse = "src/base/clock.cc media/frame.h  # until the clock moves\n"
        self.assertEqual(self.complaints(files, excuse), [])
        self.assertIn("remove the line", self.complaints({"src/base/clock.cc": ""}, excuse)[0])


def main():
    parser = argparse.ArgumentParser(description="checks the includes between rooms against rooms.txt")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--self-test", action="store_true", help="check the checker instead")
    arguments = parser.parse_args()
    if arguments.self_test:
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(CheckRoomsTest)
        return 0 if unittest.TextTestRunner(verbosity=0).run(suite).wasSuccessful() else 1
    complaints = check_tree(arguments.root)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
