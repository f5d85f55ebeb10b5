"""What tools/tidy and tools/check_headers share: our sources in a build folder, and keys that change with their content."""

import hashlib
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
JUDGED_FOLDERS = ("src", "tests", "fuzz", "bench")
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def compile_commands(build_folder):
    """{path: command line} of our own sources."""
    database = build_folder / "compile_commands.json"
    if not database.is_file():
        sys.exit(f"{database} does not exist: configure first (cmake --preset {build_folder.name})")
    commands = {}
    for entry in json.loads(database.read_text(encoding="utf-8")):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in JUDGED_FOLDERS:
            commands[path] = entry["command"]
    return commands


class ContentKeys:
    """A file's key: digest over the bytes of it and of all our headers that it includes, directly or not."""

    def __init__(self, seed):
        self.seed = seed
        self.bytes_of = {}

    def key(self, path, command):
        digest = hashlib.sha256(self.seed)
        digest.update(command.encode())
        for member in self._closure(path):
            digest.update(str(member.relative_to(ROOT)).encode())
            digest.update(hashlib.sha256(self._read(member)).digest())
        return digest.hexdigest()

    def _read(self, path):
        if path not in self.bytes_of:
            self.bytes_of[path] = path.read_bytes()
        return self.bytes_of[path]

    def _closure(self, path):
        seen, waiting = set(), [path]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            for name in INCLUDE.findall(self._read(current)):
                for base in (ROOT / "src", ROOT, current.parent):
                    candidate = (base / name.decode()).resolve()
                    if candidate.is_file() and candidate.is_relative_to(ROOT):
                        waiting.append(candidate)
                        break
        return sorted(seen)
