#!/usr/bin/env python3
"""ocelli serve as operators meet it: health, metrics, API, its end."""

import json
import math
import re
import shutil
import signal
import socket
import subprocess

import program
from program import ROOT, Case, OcelliServer, ocelli, pattern_clip, wait_for

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (\S+)")


def parse_metrics(text):
    """Prometheus text format, strictly: {family: type}, {(name, labels): value}."""
    types, samples, described = {}, {}, set()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = re.fullmatch(rf"# HELP ({NAME}) \S.*", line).group(1)
            assert name not in described, line
            described.add(name)
        elif line.startswith("# TYPE "):
            name, kind = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram|summary)", line).groups()
            assert name not in types, line
            types[name] = kind
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, f"no metric: {line!r}"
            name, labels, value = sample.groups()
            family = name if name in types else re.sub(r"_(bucket|sum|count)$", "", name)
            assert family in types and family in described, f"sample before its description: {line}"
            assert (name, labels) not in samples, f"twice: {line}"
            samples[name, labels] = float(value)
    return types, samples


def documented_metrics():
    """{name: type} of docs/metrics.md."""
    rows = re.findall(r"^\| `(ocelli_\w+)` \| (counter|gauge|histogram) \|", (ROOT / "docs/metrics.md").read_text(), re.M)
    assert len(rows) == len(dict(rows)) > 40
    return dict(rows)


class ServeCase(Case):
    def setUp(self):
        super().setUp()
        program.need_model()
        self.config = self.folder / "site.yaml"
        clip = pattern_clip(self.folder / "clip.mp4", seconds=2)
        self.config.write_text(f"cameras: {{gate: {{url: {clip}, fps: 2}}}}\n")

    def serve(self):
        return self.enterContext(OcelliServer(self.config, self.folder / "serve.log"))


class ServeTest(ServeCase):
    def test_becomes_ready_and_goes_on(self):
        server = self.serve()
        self.assertEqual(server.get("health/live")[0], 200)
        server.wait_until_ready()
        camera = wait_for("frames", lambda: server.camera()["frames"] > 2 and server.camera())
        self.assertEqual((camera["name"], camera["state"], camera["width"], camera["height"], camera["codec"]),
                         ("gate", "live", 320, 240, "h264"))
        wait_for("the file to be played again", lambda: server.camera()["frames"] > 5)  # it holds 4 at this rate
        self.assertIn("<html", server.get("")[1])
        self.assertEqual(server.json("api/v1/events")["events"], [])
        self.assertEqual(server.get("api/v1/cameras/gatee/tracks")[0], 404)
        self.assertIn("properties", server.json("api/v1/config/schema.json"))

    def test_metrics(self):
        server = self.serve()
        wait_for("frames", lambda: server.get("health/ready")[0] == 200 and server.camera()["frames"] > 2)
        status, text = server.get("metrics")
        self.assertEqual(status, 200)
        types, samples = parse_metrics(text)
        self.assertLess(samples["ocelli_camera_staleness_seconds", 'camera="gate"'], 30)
        known = documented_metrics()
        self.assertEqual({name: known.get(name) for name in types}, types)
        pool = {name: value for (name, _), value in samples.items() if name.startswith("ocelli_tensor_pool_")}
        self.assertEqual((pool["ocelli_tensor_pool_misses_total"], pool["ocelli_tensor_pool_bindings"]), (1, 1))
        self.assertGreater(pool["ocelli_tensor_pool_hits_total"], 2)
        for family in (name for name, kind in types.items() if kind == "histogram"):
            self.assert_histogram(family, samples)
        for (name, _), value in samples.items():
            if types.get(name) == "counter":
                self.assertGreaterEqual(value, 0)
                self.assertTrue(name.endswith("_total"), name)
        if shutil.which("promtool"):
            subprocess.run(["promtool", "check", "metrics"], input=text, text=True, check=True, timeout=20)

    def assert_histogram(self, family, samples):
        """Buckets grow up to +Inf, which is the count."""
        series = {}
        for (name, labels), value in samples.items():
            if name == family + "_bucket":
                bound = re.search(r'le="([^"]+)"', labels).group(1)
                others = re.sub(r',?le="[^"]+"', "", labels).strip(",")
                series.setdefault(others, []).append((float(bound), value))
        for labels, buckets in series.items():
            values = [value for _, value in sorted(buckets)]
            self.assertEqual(values, sorted(values))
            self.assertEqual(max(buckets)[0], math.inf)
            self.assertEqual(values[-1], samples[family + "_count", labels or None])

    def test_a_broken_camera_does_not_stop_the_others(self):
        text = self.folder / "text.mp4"
        text.write_text("no video")
        good = self.config.read_text().split("gate: ")[1].split("}")[0]
        self.config.write_text(f"cameras: {{broken: {{url: {text}}}, gate: {good}}}}}\n")
        server = self.serve()
        server.wait_until_ready()
        cameras = lambda: {camera["name"]: camera for camera in server.json("api/v1/cameras")["cameras"]}
        wait_for("frames", lambda: cameras()["gate"]["frames"] > 2)
        broken = wait_for("the reason", lambda: cameras()["broken"]["reason"] and cameras()["broken"])
        self.assertNotEqual(broken["state"], "live")
        self.assertIn("text.mp4", broken["reason"])

    def test_json_log(self):
        log = self.folder / "serve.log"
        command = [program.BINARY, "serve", "-c", str(self.config), "--port", "0", "--log-format", "json"]
        with program.Server(command, r"(http://\S+)", log) as server:
            wait_for("a line", lambda: "stream opened" in log.read_text())
            self.assertEqual(server.end()[0], 0)
        for line in log.read_text().splitlines():
            self.assertIsInstance(json.loads(line), dict)


class MetricsDocumentTest(Case):
    def test_the_table_and_the_program_are_equal(self):
        sources = [path.read_text() for path in (ROOT / "src").rglob("*.cc") if not path.name.endswith("_test.cc")]
        self.assertEqual(set(documented_metrics()), set(re.findall(r'"(ocelli_[a-z_]+)"', "".join(sources))))

    def test_alerts_ask_for_metrics_that_there_are(self):
        alerts = (ROOT / "deploy/prometheus/alerts.yaml").read_text()
        asked = set(re.findall(r"\bocelli_\w+", alerts))
        self.assertGreater(len(asked), 5)
        self.assertLessEqual(asked, set(documented_metrics()))
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("promtool is not here: install the package prometheus")
        done = subprocess.run([promtool, "check", "rules", ROOT / "deploy/prometheus/alerts.yaml"], check=False,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class EndTest(ServeCase):
    def test_signals_end_it_quickly_and_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                server = self.serve()
                wait_for("frames", lambda: server.get("health/ready")[0] == 200 and server.camera()["frames"] > 0)
                code, seconds = server.end(number)
                self.assertEqual(code, 0, server.log.read_text())
                self.assertLess(seconds, 5)

    def test_ends_while_somebody_watches(self):
        server = self.serve()
        server.wait_until_ready()
        host, port = re.search(r"//([\d.]+):(\d+)/", server.said).groups()
        with socket.create_connection((host, int(port)), timeout=10) as viewer:
            viewer.sendall(b"GET /api/v1/cameras/gate/live.mjpeg HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b"200", viewer.recv(100))
            code, seconds = server.end()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 5)

    def test_a_port_in_use_is_said(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.assert_refused(ocelli("serve", "-c", self.config, "--port", port), 1, str(port), "another program")


if __name__ == "__main__":
    program.main()
