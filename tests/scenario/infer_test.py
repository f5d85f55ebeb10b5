#!/usr/bin/env python3
"""Pictures without a stream: POST /api/v1/infer/<model>, and analyze --task inspect and reid."""

import concurrent.futures
import http.client
import json
import os
import re
import shutil
import socket
import struct
import time
import urllib.parse
from pathlib import Path

import program
from program import Case, OcelliServer, final_names, ocelli, pattern_clip
from serve_test import parse_metrics

BUS = program.ROOT / ".deps/photos/bus.jpg"
SHARED_MODELS = Path(os.environ.get("OCELLI_SHARED") or program.ROOT.parent / "shared") / "models"
DATA_HOME = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
MODEL_STORE = Path(os.environ.get("OCELLI_MODEL_STORE") or Path(DATA_HOME) / "ocelli/models")


def need_photo(test):
    if not BUS.exists():
        test.skipTest("the photos are not here: scripts/setup --tests")


def turned(jpeg):
    """The same picture, stored lying on its side for EXIF to set it up again: only the tag is added."""
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
    exif = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


class InferCase(Case):
    env = None

    def setUp(self):
        super().setUp()
        need_photo(self)
        self.config = self.folder / "site.yaml"
        self.clip = pattern_clip(self.folder / "clip.mp4", seconds=2)

    def serve(self, more=""):
        self.config.write_text(f"{more}\ncameras: {{gate: {{url: {self.clip}, fps: 1}}}}\n")
        server = self.enterContext(OcelliServer(self.config, self.folder / "serve.log", self.env))
        server.wait_until_ready()
        return server

    def connect(self, server):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.said).netloc, timeout=program.PATIENCE_S)
        self.addCleanup(connection.close)
        return connection

    def post(self, server, model, body, headers=None):
        """Status, headers and JSON of the answer."""
        connection = self.connect(server)
        connection.request("POST", f"/api/v1/infer/{model}", body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())

    def assert_problem(self, answer, status, *words):
        self.assertEqual(answer[0], status, answer[2])
        self.assertEqual(answer[1]["Content-Type"], "application/problem+json")
        self.assertNotIn("\n", answer[2]["detail"])
        for word in words:
            self.assertIn(word, answer[2]["detail"])


class InferTest(InferCase):
    """With the detector of the model store."""

    def setUp(self):
        super().setUp()
        program.need_model()

    def test_a_photo(self):
        server = self.serve()
        status, _, answer = self.post(server, "yolov8n", BUS.read_bytes(), {"Content-Type": "image/jpeg"})
        self.assertEqual(status, 200, answer)
        self.assertEqual((answer["model"], answer["task"]), ("yolov8n", "detection"))
        self.assertEqual((answer["width"], answer["height"], answer["damaged"]), (810, 1080, False))
        labels = [found["label"] for found in answer["detections"]]
        self.assertEqual(labels.count("bus"), 1)
        self.assertGreaterEqual(labels.count("person"), 3)
        for found in answer["detections"]:
            box = found["box"]
            self.assertTrue(0 <= box["left"] and box["left"] + box["width"] <= 810.1, box)
            self.assertTrue(0 <= box["top"] and box["top"] + box["height"] <= 1080.1, box)
        self.assertEqual(list(answer["times_ms"]), ["wait", "decode", "load", "preprocess", "run", "head"])
        pool = lambda what: parse_metrics(server.get("metrics")[1])[1][f"ocelli_tensor_pool_{what}", 'model="infer/yolov8n"']
        hits = pool("hits_total")
        again = self.post(server, "yolov8n", BUS.read_bytes())[2]
        self.assertEqual(again["detections"], answer["detections"])
        self.assertLess(again["times_ms"]["load"], answer["times_ms"]["load"])
        self.assertEqual((pool("hits_total"), pool("misses_total"), pool("bindings")), (hits + 1, 1, 1))

    def test_a_photo_that_was_taken_sideways(self):
        server = self.serve()
        answer = self.post(server, "yolov8n", turned(BUS.read_bytes()))[2]
        self.assertEqual((answer["width"], answer["height"]), (1080, 810))

    def test_a_photo_that_is_cut_off(self):
        server = self.serve()
        status, _, answer = self.post(server, "yolov8n", BUS.read_bytes()[:60_000])
        self.assertEqual((status, answer["damaged"]), (200, True))

    def test_what_is_wrong_is_said(self):
        server = self.serve()
        photo = BUS.read_bytes()
        self.assert_problem(self.post(server, "yolo8n", photo), 404, "did you mean 'yolov8n'?")
        self.assert_problem(self.post(server, "ppocr_v6_detection", photo), 404, "ppocr_v6_detection")
        self.assert_problem(self.post(server, "yolov8n", b"no picture"), 415, "no picture")
        self.assert_problem(self.post(server, "yolov8n", self.clip.read_bytes()), 415, "no picture")
        self.assert_problem(self.post(server, "yolov8n", b"\xff\xd8\xff" + bytes(1000)), 400, "damaged")
        self.assert_problem(self.post(server, "yolov8n", photo, {"Content-Type": "multipart/form-data"}), 415, "body")
        self.assert_problem(self.post(server, "yolov8n", b""), 415)
        self.assert_problem(self.post(server, "yolov8n", bytes(17 << 20)), 413, "16777216")
        connection = self.connect(server)
        connection.request("GET", "/api/v1/infer/yolov8n")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.headers["Allow"]), (405, "POST"))
        self.assertEqual(self.post(server, "yolov8n", photo)[0], 200)

    def test_many_callers_at_once(self):
        """Whoever is not answered is told to come again; nobody waits for ever."""
        server = self.serve("infer: {waiting_jobs: 3}")
        photo = BUS.read_bytes()
        self.assertEqual(self.post(server, "yolov8n", photo)[0], 200)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.post(server, "yolov8n", photo), range(24)))
        statuses = [status for status, _, _ in answers]
        self.assertEqual(set(statuses), {200, 503}, statuses)
        first = next(answer for status, _, answer in answers if status == 200)
        for status, headers, answer in answers:
            if status == 200:
                self.assertEqual(answer["detections"], first["detections"])
            else:
                self.assertEqual(headers["Retry-After"], "1")
        samples = parse_metrics(server.get("metrics")[1])[1]
        count = lambda outcome: samples["ocelli_infer_requests_total", f'model="yolov8n",outcome="{outcome}"']
        self.assertEqual((count("ok"), count("exhausted")), (statuses.count(200) + 1, statuses.count(503)))
        self.assertEqual(samples["ocelli_infer_jobs", None], 0)
        self.assertEqual(samples["ocelli_infer_models_loaded", None], 1)
        self.assertEqual(server.get("health/ready")[0], 200)

    def test_a_caller_who_says_a_length_and_stays_silent_bothers_nobody(self):
        server = self.serve()
        host, port = re.search(r"//([\d.]+):(\d+)/", server.said).groups()
        with socket.create_connection((host, int(port)), timeout=10) as silent:
            silent.sendall(b"POST /api/v1/infer/yolov8n HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc")
            self.assertEqual(self.post(server, "yolov8n", BUS.read_bytes())[0], 200)
            begin = time.monotonic()
            code, _ = server.end()
        self.assertEqual(code, 0)
        self.assertLess(time.monotonic() - begin, 10)

    def test_the_configuration_says_who_may_be_asked(self):
        server = self.serve("infer: {models: ocr}")
        self.assert_problem(self.post(server, "yolov8n", BUS.read_bytes()), 404, "those are ocr")
        self.config.write_text(self.config.read_text().replace("models: ocr", "models: none"))
        with OcelliServer(self.config, self.folder / "other.log") as other:
            self.assert_problem(self.post(other, "ocr", BUS.read_bytes()), 404, "no models")
        self.config.write_text(self.config.read_text().replace("models: none", "models: yolo8n"))
        self.assert_refused(ocelli("serve", "-c", self.config, "--port", 0), 2, "did you mean 'yolov8n'?")


class InspectTest(InferCase):
    """With a model store of its own, filled from the folder that the tests' data lies in."""

    def setUp(self):
        super().setUp()
        if not SHARED_MODELS.exists():
            self.skipTest(f"{SHARED_MODELS} is not there")
        self.env = {"OCELLI_MODEL_STORE": str(self.folder / "store"), "OCELLI_MODEL_NAME": "yolox_nano"}
        self.out = self.folder / "out"

    def pull(self, *models):
        pulled = ocelli("models", "pull", *models, "--from", SHARED_MODELS, env=self.env)
        self.assertEqual(pulled.code, 0, pulled)

    def pull_all(self):
        self.pull("yolox_nano", "mobilenet_v2")
        for name in ("ppocr_v6_detection", "ppocr_v2_direction", "ppocr_v6_recognition"):
            if ocelli("models", "verify", name).code != 0:
                self.skipTest(f"a model is not here: ocelli models pull {name}")
            sha256 = re.search(r"onnx:\s+sha256: (\w+)", (program.ROOT / f"models/{name}.yaml").read_text()).group(1)
            shutil.copy(MODEL_STORE / f"{sha256}.onnx", self.folder / "store")

    def analyze(self, *arguments):
        return ocelli("analyze", BUS, "-o", self.out, *arguments, env=self.env)

    def line(self, name):
        lines = (self.out / name).read_text().splitlines()
        self.assertEqual(len(lines), 1)
        return json.loads(lines[0])

    def test_the_objects_of_a_photo(self):
        self.pull_all()
        done = self.analyze("--task", "inspect", "--classes", "bus")
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertEqual(final_names(self.out), ["inspect.jsonl"])
        line = self.line("inspect.jsonl")
        self.assertEqual((line["frame"], line["width"], line["height"]), (0, 810, 1080))
        (bus,) = line["objects"]
        self.assertEqual((bus["label"], bus["looked_at"], len(bus["classes"])), ("bus", True, 5))
        self.assertIn("bus", " ".join(entry["label"] for entry in bus["classes"]))
        for text in bus["lines"]:
            for x, y in text["corners"]:
                self.assertTrue(0 <= x <= 810 and 0 <= y <= 1080, text)
        self.assertIn(f"  bus {bus['score']:.2f}: {bus['classes'][0]['label']}", done.out)
        wrong = self.analyze("--task", "inspect", "--classes", "buss")
        self.assert_refused(wrong, 2, "did you mean 'bus'?")

    def test_the_api_answers_the_same(self):
        self.pull_all()
        self.analyze("--task", "inspect")
        server = self.serve()
        status, _, answer = self.post(server, "inspect", BUS.read_bytes())
        self.assertEqual(status, 200, answer)
        self.assertEqual(len(answer["models"]), 5)
        self.assertEqual(list(answer["times_ms"]), ["wait", "decode", "load", "detect", "classify", "read"])
        line = self.line("inspect.jsonl")
        self.assertEqual([found["label"] for found in answer["objects"]], [found["label"] for found in line["objects"]])
        self.assertEqual(answer["objects"][0]["lines"], line["objects"][0]["lines"])
        some = self.post(server, "inspect?classes=bus", BUS.read_bytes())[2]
        buses = [found for found in answer["objects"] if found["label"] == "bus"]
        self.assertEqual((len(buses), [found["label"] for found in some["objects"]]), (1, ["bus"]))
        self.assertEqual(some["objects"], buses)
        self.assertEqual(self.post(server, "inspect", BUS.read_bytes())[2]["objects"], answer["objects"])
        self.assert_problem(self.post(server, "inspect?classes=bus,buss", BUS.read_bytes()), 400, "did you mean 'bus'?")
        self.assert_problem(self.post(server, "ocr?classes=bus", BUS.read_bytes()), 400, "for inspect, not for ocr")
        samples = parse_metrics(server.get("metrics")[1])[1]
        for model in ("yolox_nano", "mobilenet_v2"):
            self.assertGreater(samples["ocelli_tensor_pool_hits_total", f'model="infer/inspect/{model}"'], 0)
        for model, member in (("mobilenet_v2", "classes"), ("ocr", "lines")):
            status, _, answer = self.post(server, model, BUS.read_bytes())
            self.assertEqual(status, 200, answer)
            self.assertIsInstance(answer[member], list)
        self.assert_problem(self.post(server, "person_reid_0287", BUS.read_bytes()), 503, "ocelli models pull")

    def test_embeddings(self):
        self.pull("yolox_nano", "person_reid_0287")
        done = self.analyze("--task", "reid")
        self.assertEqual((done.code, done.err), (0, ""))
        embedding = self.line("embeddings.jsonl")["embedding"]
        self.assertEqual(embedding["length"], len(embedding["values"]))
        self.assertAlmostEqual(sum(value * value for value in embedding["values"]), 1, places=3)
        answer = self.post(self.serve(), "person_reid_0287", BUS.read_bytes())[2]
        cosine = sum(a * b for a, b in zip(answer["embedding"]["values"], embedding["values"]))
        self.assertGreater(cosine, 0.999)

    def test_what_is_missing_is_said(self):
        self.pull("yolox_nano")
        self.assert_refused(self.analyze("--task", "inspect"), 4, "ocelli models pull mobilenet_v2")
        self.assert_refused(self.analyze("--task", "reid"), 4, "ocelli models pull person_reid_0287")
        self.assert_refused(self.analyze("--task", "inspect", "--annotate"), 2, "--annotate is for --task detect")


if __name__ == "__main__":
    program.main()
