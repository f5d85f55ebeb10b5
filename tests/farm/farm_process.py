"""camera_farm as tests run it: start, the events that it prints, the end."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

BINARY = os.environ.get("CAMERA_FARM_BINARY", Path(__file__).resolve().parents[2] / "build/dev/bin/camera_farm")
PATIENCE_S = 60  # the clips may have to be encoded first


class Farm(contextlib.AbstractContextManager):
    """A running camera_farm; `ready` is its first line, `events` all lines so far. Ends with its context."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        self.events = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.ready = self.wait_for(1, "ready")[0]

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()

    def of_kind(self, event, **properties):
        return [line for line in list(self.events)
                if line["event"] == event and all(line[name] == value for name, value in properties.items())]

    def wait_for(self, count, event, **properties):
        """The events of this kind once there are so many of them."""
        end = time.monotonic() + PATIENCE_S
        with self._changed:
            while len(found := self.of_kind(event, **properties)) < count:
                if self.process.poll() is not None or not self._changed.wait(end - time.monotonic()):
                    raise AssertionError(f"camera_farm tells no {count} of {event} {properties}: {self.events}")
        return found

    def url(self, camera):
        return self.ready["cameras"][camera]["url"]

    def end(self):
        """Asks it to end; returns the exit code and its last words."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code, self.events[-1]

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE_S)
        self.process.stdout.close()
