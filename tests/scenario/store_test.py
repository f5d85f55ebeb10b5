#!/usr/bin/env python3
"""The store under kills, cut logs and full disks."""

import contextlib
import os
import random
import select
import shutil
import sqlite3
import subprocess
import time
import unittest
from pathlib import Path

import program
from program import Case

WRITER = os.environ["STORE_WRITER"]


class Writer:
    """A process that stores events and says which are on the disk."""

    def __init__(self, file, first, count=None):
        command = [WRITER, str(file), str(first), *([str(count)] if count else [])]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.acknowledged, self.told, self._rest = set(), [], b""

    def read_until(self, condition, timeout):
        """Takes what it says until the condition holds; False when it did not in time, or the process ended."""
        end = time.monotonic() + timeout
        while not condition(self):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return False
            text = os.read(self.process.stdout.fileno(), 1 << 16)
            if not text:
                return False
            self._take(text)
        return True

    def _take(self, text):
        *lines, self._rest = (self._rest + text).split(b"\n")
        for line in lines:
            if line.isdigit():
                self.acknowledged.add(int(line))
            else:
                self.told.append(line.decode())

    def kill(self):
        """And all that it said before."""
        self.process.kill()
        for text in iter(lambda: os.read(self.process.stdout.fileno(), 1 << 16), b""):
            self._take(text)
        self.process.wait()
        self.process.stdout.close()


def sequences(file):
    """Of the events in it, in the order in which they were stored; it is whole."""
    with contextlib.closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [row[0] for row in database.execute("SELECT sequence FROM events ORDER BY id")]


class KillTest(Case):
    def test_no_committed_event_is_lost_in_a_hundred_kills(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}", flush=True)
        chance = random.Random(seed)
        for group in range(10):
            file, acknowledged, next_sequence = self.folder / f"{group}.db", set(), 0
            for _ in range(10):
                writer = Writer(file, next_sequence)
                self.assertTrue(writer.read_until(lambda it: it.acknowledged, program.PATIENCE_S))
                writer.read_until(lambda it: False, chance.uniform(0, 0.12))
                writer.kill()
                acknowledged |= writer.acknowledged
                next_sequence += 1_000_000  # so that runs are told apart
            stored = sequences(file)
            self.assertEqual(len(stored), len(set(stored)), "none is there twice")
            self.assertEqual(acknowledged - set(stored), set())
            self.assertEqual(list(self.folder.glob("*.broken*")), [])


class CutLogTest(Case):
    def setUp(self):
        """A file with 1000 events, and a log with thousands more that a kill left."""
        super().setUp()
        self.file = self.folder / "events.db"
        self.assertEqual(subprocess.run([WRITER, self.file, "0", "1000"], stdout=subprocess.DEVNULL, check=False)
                         .returncode, 0)
        writer = Writer(self.file, 1_000)
        self.assertTrue(writer.read_until(lambda it: len(it.acknowledged) >= 3_000, program.PATIENCE_S))
        writer.kill()
        self.log = Path(f"{self.file}-wal").read_bytes()
        self.assertGreater(len(self.log), 1 << 20)
        self.acknowledged = writer.acknowledged

    def replay(self, log):
        """How many events are there once a store has opened the file with this log."""
        folder = self.folder / "replay"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        file = folder / "events.db"
        shutil.copy(self.file, file)
        Path(f"{file}-wal").write_bytes(log)
        done = subprocess.run([WRITER, file, "5000000", "1"], stdout=subprocess.DEVNULL, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(list(folder.glob("*.broken*")), [])
        stored = sequences(file)
        self.assertEqual(stored.pop(), 5_000_000, "and it goes on")
        self.assertEqual(stored, list(range(len(stored))), "the first ones, without a gap")
        self.assertGreaterEqual(len(stored), 1_000, "what was folded into the file")
        return len(stored)

    def test_a_whole_log_loses_nothing(self):
        self.assertGreaterEqual(self.replay(self.log), max(self.acknowledged) + 1)

    def test_a_cut_log_loses_what_was_cut_off_and_no_more(self):
        chance = random.Random(7)
        lengths = sorted([0, 1, 31, 32, len(self.log) - 1, *(chance.randrange(len(self.log)) for _ in range(15))])
        counts = [self.replay(self.log[:length]) for length in lengths]
        self.assertEqual(counts, sorted(counts))
        self.assertEqual(counts[0], 1_000)
        self.assertGreater(counts[-1], 2_000)

    def test_a_garbled_log_loses_what_follows_the_damage_and_no_more(self):
        chance = random.Random(8)
        for _ in range(15):
            log, place = bytearray(self.log), chance.randrange(len(self.log))
            for offset in range(place, min(place + chance.randrange(1, 200), len(log))):
                log[offset] ^= chance.randrange(1, 256)
            self.assertGreaterEqual(self.replay(bytes(log)), self.replay(self.log[:place // 4096 * 4096]) if place > 4096
                                    else 1_000)


class FullDiskTest(Case):
    """On a file system of its own that is really full."""

    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", self.disk], check=False,
                          capture_output=True).returncode:
            raise unittest.SkipTest("a small disk cannot be mounted here: it needs root (EventStoreTest has a form that "
                                    "does without)")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=False)

    def grow(self):
        subprocess.run(["mount", "-o", "remount,size=200m", self.disk], check=True)

    def test_it_says_so_keeps_a_backlog_and_recovers(self):
        file = self.disk / "events.db"
        writer = Writer(file, 0)
        self.assertTrue(writer.read_until(lambda it: it.told == ["trouble"], program.PATIENCE_S))
        self.assertIsNone(writer.process.poll())
        before = len(writer.acknowledged)
        self.grow()
        self.assertTrue(writer.read_until(lambda it: it.told == ["trouble", "well"], program.PATIENCE_S))
        self.assertTrue(writer.read_until(lambda it: len(it.acknowledged) > before + 4_000, program.PATIENCE_S))
        writer.kill()
        stored = sequences(file)
        self.assertEqual(writer.acknowledged - set(stored), set())
        self.assertEqual(stored, list(range(len(stored))), "each once, and the backlog is without a gap")

    def test_a_disk_that_is_full_from_the_beginning(self):
        with contextlib.suppress(OSError):
            (self.disk / "filler").write_bytes(bytes(4 << 20))
        writer = Writer(self.disk / "events.db", 0)
        self.assertTrue(writer.read_until(lambda it: it.told == ["trouble"], program.PATIENCE_S))
        (self.disk / "filler").unlink()
        self.assertTrue(writer.read_until(lambda it: it.told == ["trouble", "well"] and it.acknowledged,
                                          program.PATIENCE_S))
        writer.kill()


if __name__ == "__main__":
    program.main()
