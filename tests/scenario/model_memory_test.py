#!/usr/bin/env python3
"""Models that come and go by the hundred while cameras run: the memory of the program must stay flat.

usage: model_memory_test.py ModelMemoryTest       a minute or two, as the tests run it
       OCELLI_SOAK=1 model_memory_test.py …       an hour (OCELLI_SOAK_SECONDS=3600), flat within 2 %
"""

import os
import re
import statistics
import sys
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import program
from infer_test import SHARED_MODELS
from model_update_test import SOAK, Client, Store, UpdateCase, add_all_kinds
from program import ocelli

SECONDS = int(os.environ.get("OCELLI_SOAK_SECONDS", "3600")) if SOAK else 0  # with the warming up
ASKED = ["mobilenet_v2", "person_reid_0288"]  # by pictures sent to the API, which keeps one of them loaded
SETTINGS = """updates: {promotion: by_hand, warm_up_runs: 4, shadow_frames: 4, trial: 1s,
          least_agreement: 0.1, most_slowdown: 100}
infer: {kept_models: 1}
"""
CYCLES_PER_ROUND = 4
WARM_ROUNDS = 15 if SOAK else 3  # until every pool and arena is as large as it gets
WINDOW_ROUNDS = 5 if SOAK else 2  # one figure of memory is the median over the cycles of so many rounds
LEAST_ROUNDS = 2 * WINDOW_ROUNDS if SOAK else 8  # after those; the soak has as many as there is time for
SMALLEST_MODEL_MIB = 0.74  # the weights of person_reid_0288; what is made of them in memory is more


def bound_mib(first_mib):
    """How far memory may get from where it was.

    The short form cannot hold 2 %, since the allocators still settle. It must tell a leak: losing no more than the
    weights of the smallest model in each cycle would make twice as much between its first and its last window.
    """
    if SOAK:
        return 0.02 * first_mib
    return 0.5 * SMALLEST_MODEL_MIB * CYCLES_PER_ROUND * (LEAST_ROUNDS - WINDOW_ROUNDS)


class Round(NamedTuple):
    """What the program held after each of its cycles."""

    mib: tuple
    threads: int
    files: int


class ModelMemoryTest(UpdateCase):
    def setUp(self):
        super().setUp()
        if not SHARED_MODELS.exists():
            self.skipTest(f"{SHARED_MODELS} is not there")
        self.store = Store(self.folder, "yolox_nano", SHARED_MODELS / "yolox_nano.onnx")
        self.good, self.bad = add_all_kinds(self.store)
        del self.bad["blind"]  # needs people in its few shadow frames; those who get as far are withdrawn here
        for name in ASKED:
            (self.store.cards / f"{name}.yaml").write_text((program.ROOT / f"models/{name}.yaml").read_text())
        pulled = ocelli("models", "pull", *ASKED, "--from", SHARED_MODELS,
                        env={"OCELLI_MODEL_STORE": str(self.store.weights)})
        self.assertEqual(pulled.code, 0, pulled)
        self.serve(self.store, cameras=4, fps=4, settings=SETTINGS)
        self.photo = self.folder / "photo.jpg"
        taken = ocelli("snapshot", self.folder / "people.mp4", "-o", self.photo)
        self.assertEqual(taken.code, 0, taken)

    def held(self):
        """MiB in memory, threads and open files of the program."""
        process = Path(f"/proc/{self.server.process.pid}")
        said = dict(re.findall(r"(\w+):\s+(\d+)", (process / "status").read_text()))
        return int(said["VmRSS"]) / 1024, int(said["Threads"]), len(list((process / "fd").iterdir()))

    def prove(self, name):
        """Publishes a model, up to where it waits for being promoted."""
        self.post(f"publish?model={name}")
        now = self.wait_for_state("waiting", "rejected")
        self.assertEqual(now["state"], "waiting", now)

    def promote(self, name):
        self.prove(name)
        self.post("promote")
        self.assertEqual(self.wait_for_state("promoted", "rolled_back")["state"], "promoted")

    def roll_back(self, name):
        self.prove(name)
        self.post("promote")
        self.wait_for_state("on_trial")
        self.post("withdraw")
        self.assertEqual(self.wait_for_state("promoted", "rolled_back")["state"], "rolled_back")

    def withdraw(self, name):
        self.prove(name)
        self.post("withdraw")
        self.assertEqual(self.wait_for_state("rejected")["reason"], "withdrawn")

    def refuse(self, name):
        self.assertEqual(self.update(name)["state"], "rejected")

    def ask_all(self):
        """Each is loaded for its picture, and makes room for the next one."""
        for name in ASKED:
            address = f"{self.server.said}api/v1/infer/{name}"
            with urllib.request.urlopen(address, self.photo.read_bytes(), program.PATIENCE_S) as answer:
                self.assertEqual(answer.status, 200)

    def go_round(self, number):
        """An update of every kind, and pictures for other models after each."""
        serving = self.model()["name"]
        other = self.good[(self.good.index(serving) + 1) % len(self.good)]
        bad = list(self.bad)[number % len(self.bad)]
        held = []
        updates = [(self.roll_back, other), (self.withdraw, other), (self.refuse, bad), (self.promote, other)]
        for update, name in updates:
            update(name)
            self.ask_all()
            held.append(self.held())
        self.assertEqual(self.model()["name"], other)
        memory, threads, files = zip(*held)
        return Round(memory, statistics.median_high(threads), statistics.median_high(files))

    def go_rounds(self):
        """Rounds enough, with somebody who looks on at everything."""
        client = Client(self.server, self.names)
        client.start()
        begun = time.monotonic()
        rounds = []
        while len(rounds) < WARM_ROUNDS + LEAST_ROUNDS or time.monotonic() - begun < SECONDS:
            rounds.append(self.go_round(len(rounds)))
            print(f"  {time.monotonic() - begun:5.0f} s  " + " ".join(f"{mib:.1f}" for mib in rounds[-1].mib) + " MiB",
                  file=sys.stderr, flush=True)
        client.ended.set()
        client.join(20)
        updates = CYCLES_PER_ROUND * len(rounds)
        print(f"  {updates} updates, {updates * len(ASKED)} models loaded for pictures, {client.asked} requests "
              f"({len(client.errors)} not answered) in {time.monotonic() - begun:.0f} s", file=sys.stderr)
        return rounds

    @staticmethod
    def window(rounds):
        """Over all cycles: for moments there is one model more, or the heap has just been trimmed."""
        return Round(statistics.median(mib for one in rounds for mib in one.mib),
                     statistics.median_high(one.threads for one in rounds),
                     statistics.median_high(one.files for one in rounds))

    def test_memory_stays_flat(self):
        rounds = self.go_rounds()
        settled = rounds[WARM_ROUNDS:]
        windows = [self.window(settled[i:i + WINDOW_ROUNDS])
                   for i in range(0, len(settled) - WINDOW_ROUNDS + 1, WINDOW_ROUNDS)]
        first = windows[0]
        print(f"  MiB, medians over {WINDOW_ROUNDS} rounds: " + " ".join(f"{window.mib:.1f}" for window in windows)
              + f"; threads {first.threads} to {windows[-1].threads}, files {first.files} to {windows[-1].files}",
              file=sys.stderr)
        self.assertGreaterEqual(len(windows), 2)
        for window in windows[1:]:
            self.assertLessEqual(abs(window.mib - first.mib), bound_mib(first.mib))
            self.assertEqual(window.threads, first.threads)
            self.assertLessEqual(window.files, first.files + 1)  # a connection comes or goes


if __name__ == "__main__":
    program.main()
