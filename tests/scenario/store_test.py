#!/usr/bin/env python3
"""The store under kills, cut logs and full disks; `ocelli events` and `ocelli why`; the API's questions about the past."""

import contextlib
import csv
import io
import json
import os
import random
import select
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest
from pathlib import Path

import program
from program import Case, OcelliServer, ocelli, people_clip, wait_for

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


CONFIG = """
cameras:
  street:
    url: {clip}
    loop: false
    zones:
      everywhere: {{points: [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]], min_stay: 200ms}}
"""


class CommandTest(Case):
    def setUp(self):
        super().setUp()
        program.need_model()
        clip = people_clip(self.folder / "clip.mp4", seconds=3)
        self.config = self.folder / "site.yaml"
        self.config.write_text(CONFIG.format(clip=clip))
        self.file = self.folder / "events.db"
        self.out = self.folder / "out"
        done = ocelli("analyze", clip, "-c", self.config, "-o", self.out, "--store", self.file, "-q", timeout=170)
        self.assertEqual(done.code, 0, done)

    def export(self, form, *arguments):
        done = ocelli("events", "--store", self.file, "--format", form, *arguments)
        self.assertEqual(done.code, 0, done)
        return done.out

    def test_events_and_why(self):
        self.check_json_lines()
        self.check_csv()
        self.check_coco()
        self.check_mot()
        self.check_table()
        self.check_why()

    def check_json_lines(self):
        written = program.read_events(self.out)
        stored = [json.loads(line) for line in self.export("jsonl", "--order", "oldest").splitlines()]
        for event in stored:
            self.assertRegex(event.pop("storeid"), r"^\d+$")
        self.assertGreater(len(stored), 5)
        self.assertEqual(stored, written, "the file has them in the same order")
        zone = [event for event in written if event["data"].get("rule") == "everywhere"]
        self.assertGreater(len(zone), 0)
        found = self.export("jsonl", "--rule", "everywhere", "--camera", "street", "--type", "zone_entered")
        self.assertEqual(len(found.splitlines()),
                         sum(event["data"]["event"] == "zone_entered" for event in zone))

    def check_csv(self):
        rows = list(csv.DictReader(io.StringIO(self.export("csv"))))
        self.assertEqual(len(rows), len(program.read_events(self.out)))
        self.assertEqual({row["camera"] for row in rows}, {"street"})
        self.assertTrue(any("(need" in row["gates"] for row in rows))

    def check_coco(self):
        file = self.folder / "coco.json"
        self.assertEqual(self.export("coco", "-o", file), "")
        coco = json.loads(file.read_text())
        images = {image["id"]: image for image in coco["images"]}
        categories = {category["id"]: category["name"] for category in coco["categories"]}
        self.assertEqual((len(images), len(categories)), (len(coco["images"]), len(coco["categories"])))
        self.assertEqual(len({entry["id"] for entry in coco["annotations"]}), len(coco["annotations"]))
        self.assertEqual(len(coco["annotations"]), len(program.read_events(self.out)))
        self.assertIn("person", categories.values())
        for entry in coco["annotations"]:
            self.assertIn(entry["image_id"], images)
            self.assertIn(entry["category_id"], categories)
            left, top, width, height = entry["bbox"]
            self.assertTrue(width > 0 and height > 0)
            self.assertAlmostEqual(entry["area"], width * height, delta=1)
            self.assertIn(entry["iscrowd"], (0, 1))
        for image in images.values():
            self.assertGreater(image["width"] * image["height"], 0)

    def check_mot(self):
        """Our own reader takes it, and the points are those that the analysis wrote."""
        bench = self.folder / "bench/clip"
        (bench / "gt").mkdir(parents=True)
        (bench / "det").mkdir()
        frames = int(max(row[0] for row in program.read_tracks(self.out)))
        (bench / "seqinfo.ini").write_text(f"[Sequence]\nname=clip\nframeRate=10\nseqLength={frames}\n")
        rows = [row for row in program.read_tracks(self.out)]
        (bench / "gt/gt.txt").write_text("".join(
            f"{int(row[0])},{int(row[1])},{row[2]},{row[3]},{row[4]},{row[5]},1,-1,-1,-1\n" for row in rows))
        (bench / "det/det.txt").write_text("")
        results = self.folder / "results"
        results.mkdir()
        self.export("mot", "--camera", "street", "-o", results / "clip.txt")
        done = ocelli("eval", "mot", bench.parent, "--score", results, "--protocol", "mot15", "--json")
        self.assertEqual(done.code, 0, done)
        exported = [[float(value) for value in line.split(",")] for line in
                    (results / "clip.txt").read_text().splitlines()]
        self.assertEqual(len({(row[0], row[1]) for row in exported}), len(exported))
        written = {(row[0], round(row[2]), round(row[3])) for row in rows}
        near = sum(any((row[0], round(row[2]) + dx, round(row[3]) + dy) in written for dx in (-1, 0, 1)
                       for dy in (-1, 0, 1)) for row in exported)
        self.assertEqual(near, len(exported))
        self.assertEqual(len({row[1] for row in exported}), len({row[1] for row in rows}))

    def check_table(self):
        lines = self.export("table", "--limit", "3").splitlines()
        self.assertEqual(len(lines), 4)
        self.assertRegex(lines[1], r"^1970-01-01T\S+  street/\d+")
        self.assert_refused(ocelli("events", "--store", self.folder / "none.db"), 3, "there is no such store", "--store")
        self.assert_refused(ocelli("events", "--store", self.file, "--from", "yesterday"), 2, "--from wants a time")
        self.assert_refused(ocelli("events", "--store", self.file, "--format", "mot", "--rule", "x"), 2, "tracks")

    def check_why(self):
        event = next(event for event in program.read_events(self.out)
                     if event["data"].get("rule") == "everywhere" and event["data"]["gates"])
        done = ocelli("why", event["id"], "--store", self.file)
        self.assertEqual(done.code, 0, done)
        self.assertRegex(done.out, rf"^{event['id']}, zone \w+ \(everywhere\) at 1970-\S+ fired: .+\(need .+\)\n$")
        told = json.loads(ocelli("why", event["id"], "--store", self.file, "--json").out)
        self.assertEqual((told["verdict"], told["event"]["data"]), ("fired", event["data"]))
        at = event["data"]["media_time_s"]
        done = ocelli("why", "--camera", "street", "--rule", "everywhere", "--at", at, "--store", self.file, "--json")
        self.assertEqual(json.loads(done.out)["verdict"], "fired")
        done = ocelli("why", "--camera", "street", "--rule", "everywhere", "--at", "3600", "--store", self.file)
        self.assertIn("nothing of everywhere came near on street", done.out)
        self.assertIn("the nearest was street/", done.out)
        self.assert_refused(ocelli("why", "street/999999", "--store", self.file), 1, "no event 'street/999999'")
        self.assertEqual(ocelli("why", "--camera", "street", "--store", self.file).code, 2)
        self.assertEqual(ocelli("why", "--store", self.file).code, 2)


class ServeTest(Case):
    def setUp(self):
        super().setUp()
        program.need_model()
        clip = people_clip(self.folder / "clip.mp4", seconds=3)
        self.config = self.folder / "site.yaml"
        self.config.write_text(CONFIG.format(clip=clip).replace("loop: false", "fps: 5"))

    def serve(self, name, file):
        return self.enterContext(OcelliServer(self.config, self.folder / name, {"OCELLI_STORE_PATH": str(file)}))

    def test_what_was_stored_outlives_the_server(self):
        file = self.folder / "data/events.db"
        with OcelliServer(self.config, self.folder / "first.log", {"OCELLI_STORE_PATH": str(file)}) as server:
            found = lambda: server.json("api/v1/events?rule=everywhere")["events"]
            wait_for("an event of the zone", lambda: server.get("api/v1/events?rule=everywhere")[0] == 200 and found())
            self.assertEqual(server.json("health/ready")["status"], "ready")
            event = found()[-1]
            self.assertEqual(server.end(signal.SIGTERM)[0], 0)
        server = self.serve("second.log", file)
        again = server.json("api/v1/events?rule=everywhere&camera=street&type=" + event["data"]["event"])["events"]
        self.assertIn(event, again)
        self.check_pages(server)
        told = server.json(f"api/v1/why?event={event['storeid']}")
        self.assertEqual((told["verdict"], told["event"]["storeid"]), ("fired", event["storeid"]))
        told = server.json(f"api/v1/why?camera=street&rule=everywhere&at={event['time']}")
        self.assertEqual(told["verdict"], "fired")
        self.assertLess(abs(told["offset_s"]), 0.001)
        for query in ("events?from=yesterday", "events?track=x", "events?before=x", "events?rule=a&after=1-1",
                      "events?type=x&limit=0", "why", "why?camera=street", "why?event=x", "why?at=noon"):
            self.assertEqual(server.get("api/v1/" + query)[0], 400, query)
        self.assertEqual(server.get("api/v1/why?event=street/99999999")[0], 404)

    def check_pages(self, server):
        first = server.json("api/v1/events?to=2100-01-01&limit=2")
        second = server.json("api/v1/events?to=2100-01-01&limit=2&before=" + first["next"])
        ids = [event["storeid"] for event in first["events"] + second["events"]]
        self.assertEqual(len(set(ids)), 4)

    def test_a_full_disk_stops_only_the_storing(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False,
                          capture_output=True).returncode:
            raise unittest.SkipTest("a small disk cannot be mounted here: it needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        server = self.serve("full.log", disk / "events.db")
        told = wait_for("the trouble to be told", lambda: server.get("health/ready")[0] == 200 and
                        server.json("health/ready")["status"] == "degraded" and server.json("health/ready"))
        self.assertIn("events are not stored", told["reason"])
        self.assertIn("ocelli_store_trouble 1\n", server.get("metrics")[1])
        frames = server.camera()["frames"]
        wait_for("frames", lambda: server.camera()["frames"] > frames + 3)
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        wait_for("it to be well", lambda: server.json("health/ready")["status"] == "ready")
        wait_for("stored events", lambda: server.json("api/v1/events?camera=street&type=track_began")["events"])
        log = (self.folder / "full.log").read_text()
        self.assertIn("events cannot be stored now", log)
        self.assertIn("events are stored again", log)

    def test_nothing_is_stored_when_that_is_switched_off(self):
        server = self.enterContext(OcelliServer(self.config, self.folder / "off.log",
                                                {"OCELLI_STORE_ENABLED": "false",
                                                 "OCELLI_STORE_PATH": str(self.folder / "x.db")}))
        self.assertEqual(server.get("api/v1/events?rule=everywhere")[0], 404)
        self.assertEqual(server.get("api/v1/why?event=street/1")[0], 404)
        self.assertFalse((self.folder / "x.db").exists())


if __name__ == "__main__":
    program.main()
