#!/usr/bin/env python3
"""Pulls many cameras over RTSP/TCP at little cost, decoding nothing: the counterpart of camera_farm.

    camera_farm … | pull.py [--seconds N]      reads `ready` from standard input, watches every camera that it lists

Prints one JSON line: cameras, seconds, bytes, the cameras that delivered nothing for a second, and the cores it used.
"""

import argparse
import base64
import json
import re
import select
import socket
import sys
import time
from typing import NamedTuple
from urllib.parse import urlparse

PATIENCE_S = 20
BUFFER_BYTES = 1 << 18


class RtpPacket(NamedTuple):
    at_s: float  # wall clock
    sequence: int
    timestamp: int
    source: int
    marker: bool
    payload: bytes

    def nal_type(self):
        """Of H.264; that of the fragmented unit for a fragment (FU-A, RFC 6184)."""
        kind = self.payload[0] & 0x1F
        return self.payload[1] & 0x1F if kind == 28 else kind


class Watcher:
    """One camera over one RTSP connection, with RTP interleaved. A context manager."""

    def __init__(self, url):
        place = urlparse(url)
        self.url = url
        self.socket = socket.create_connection((place.hostname, place.port), PATIENCE_S)
        self.sequence = 0
        self.session = ""
        self.input = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def request(self, method, url=None, **headers):
        """Sends a request without waiting for its answer."""
        self.sequence += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self.sequence}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Session: {self.session}"] if self.session else []
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def ask(self, method, url=None, **headers):
        """Status, headers and body of the answer; only before PLAY."""
        self.request(method, url, **headers)
        while b"\r\n\r\n" not in self.input:
            self._receive()
        head, _, self.input = self.input.partition(b"\r\n\r\n")
        text = head.decode()
        length = int((re.search(r"(?i)content-length: *(\d+)", text) or [0, 0])[1])
        while len(self.input) < length:
            self._receive()
        body, self.input = self.input[:length], self.input[length:]
        return int(text.split()[1]), text, body.decode()

    def play(self):
        """All that comes before the first picture; returns the description."""
        status, _, description = self.ask("DESCRIBE", Accept="application/sdp")
        assert status == 200, status
        _, text, _ = self.ask("SETUP", self.url + "/trackID=0", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        self.session = re.search(r"Session: *([^;\s]+)", text)[1]
        assert self.ask("PLAY")[0] == 200
        return description

    def _receive(self):
        data = self.socket.recv(BUFFER_BYTES)
        if not data:
            raise ConnectionError("the server left")
        self.input += data

    def packets(self):
        """RTP packets as they come; answers and reports are passed over, other bytes counted in `strange_bytes`."""
        self.strange_bytes = 0
        self.answers = []
        while True:
            while (taken := self._take()) is not None:
                if isinstance(taken, RtpPacket):
                    yield taken
            self._receive()

    def _take(self):
        """One thing off the input; None when it is not complete."""
        if self.input.startswith(b"RTSP/"):
            head, end, rest = self.input.partition(b"\r\n\r\n")
            if not end:
                return None
            self.input = rest
            self.answers.append((time.time(), head.decode()))
            return head
        if self.input[:1] == b"$" and len(self.input) >= 16 and self.input[1] < 2 and self.input[4] >> 6 == 2:
            end = 4 + int.from_bytes(self.input[2:4], "big")
            if len(self.input) < end:
                return None
            channel, packet, self.input = self.input[1], self.input[4:end], self.input[end:]
            return to_rtp(packet) if channel == 0 else packet
        if len(self.input) < 16:
            return None
        self.strange_bytes += 1
        self.input = self.input[1:]
        return b""


def to_rtp(packet):
    def number(begin, end):
        return int.from_bytes(packet[begin:end], "big")
    return RtpPacket(time.time(), number(2, 4), number(4, 8), number(8, 12), packet[1] >= 0x80, packet[12:])


def parameter_sets(description):
    """SPS and PPS out of an SDP."""
    return [base64.b64decode(part) for part in re.search(r"sprop-parameter-sets=([^\s;]+)", description)[1].split(",")]


def pull(urls, seconds):
    watchers = {}
    with select.epoll() as poll:
        for url in urls:
            watcher = Watcher(url)
            watcher.play()
            watcher.socket.setblocking(False)
            watchers[watcher.socket.fileno()] = watcher
            poll.register(watcher.socket, select.EPOLLIN)
        return {"cameras": len(watchers), **read_all(poll, watchers, seconds)}


def read_all(poll, watchers, seconds):
    buffer = bytearray(BUFFER_BYTES)
    begin, cpu_begin, total = time.monotonic(), time.process_time(), 0
    heard = dict.fromkeys(watchers, begin + 3)  # the first key frame may take its time
    silent = set()
    checked = begin
    while (now := time.monotonic()) < begin + seconds:
        for descriptor, _ in poll.poll(0.2):
            size = watchers[descriptor].socket.recv_into(buffer)
            if size == 0:
                poll.unregister(descriptor)
            total += size
            heard[descriptor] = max(heard[descriptor], now)
        if now > checked + 0.25:
            checked = now
            silent |= {watchers[descriptor].url for descriptor, last in heard.items() if now > last + 1}
        time.sleep(0.005)  # fewer, larger reads: the client must not cost more than the farm
    return {"seconds": seconds, "bytes": total, "silent": sorted(silent),
            "cpu_cores": round((time.process_time() - cpu_begin) / seconds, 3)}


def main():
    parser = argparse.ArgumentParser(description="pulls every camera of camera_farm over RTSP/TCP, decoding nothing")
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    ready = json.loads(sys.stdin.readline())
    print(json.dumps(pull([camera["url"] for camera in ready["cameras"]], arguments.seconds)))


if __name__ == "__main__":
    main()
