#!/usr/bin/env python3
"""Cameras that come, change and go while `ocelli serve` runs: through the API, and by its file."""

import json
import signal
import stat

import program
from program import Case, OcelliServer, ocelli, pattern_clip, wait_for

CONFIG = """# our yard
cameras:
  # at the gate
  gate:
    url: {clip}
    fps: 5
  yard:
    url: {clip}
    fps: 5
"""


class LiveCase(Case):
    def setUp(self):
        super().setUp()
        program.need_model()
        self.clip = pattern_clip(self.folder / "clip.mp4", seconds=2)
        self.config = self.folder / "site.yaml"
        self.config.write_text(CONFIG.format(clip=self.clip))

    def serve(self, log="serve.log"):
        server = self.enterContext(OcelliServer(self.config, self.folder / log))
        server.wait_until_ready()
        wait_for("frames of all cameras",
                 lambda: all(camera["frames"] > 2 for camera in server.json("api/v1/cameras")["cameras"]))
        return server

    @staticmethod
    def frames(server):
        return {camera["name"]: camera["frames"] for camera in server.json("api/v1/cameras")["cameras"]}

    def assert_goes_on(self, server, name, before):
        """The camera was not begun anew: it has as many frames as before, and more come."""
        self.assertGreaterEqual(self.frames(server)[name], before)
        wait_for(f"more frames of {name}", lambda: self.frames(server)[name] > before + 3)

    def send(self, server, status, *request, **headers):
        got, text = server.send(*request, headers=headers)
        self.assertEqual(got, status, text)
        return json.loads(text)


class EditTest(LiveCase):
    def test_cameras_come_change_and_go(self):
        server = self.serve()
        before = self.frames(server)
        self.check_add(server)
        self.check_change(server)
        self.check_remove(server)
        self.assert_goes_on(server, "gate", before["gate"])
        self.check_refusals(server)
        self.assertEqual(self.config.read_text().splitlines()[:2], ["# our yard", "cameras:"])
        self.assertIn("  # at the gate\n  gate:\n", self.config.read_text())
        # What was asked for is there after a kill.
        server.end(signal.SIGKILL)
        again = self.serve("again.log")
        self.assertEqual(set(self.frames(again)), {"gate", "dock"})

    def check_add(self, server):
        told = self.send(server, 201, "POST", "api/v1/cameras", {"name": "dock", "url": str(self.clip), "fps": 2})
        self.assertEqual((told["applied"], told["cameras"]),
                         (True, [{"name": "dock", "change": "added", "settings": []}]))
        wait_for("frames of the new camera", lambda: self.frames(server).get("dock", 0) > 2)
        self.assertEqual(server.json("api/v1/cameras/dock")["state"], "live")
        self.assertEqual(server.json("api/v1/cameras/dock/tracks")["camera"], "dock")

    def check_change(self, server):
        gate = self.frames(server)["gate"]
        zone = {"points": [[0, 0], [1, 0], [1, 1]]}
        body = {"url": str(self.clip), "fps": 2, "zones": {"all": zone}}
        trial = self.send(server, 200, "PUT", "api/v1/cameras/dock?dry_run=true", body)
        self.assertFalse(trial["applied"])
        self.assertIn("zones.all.points", [one["key"] for one in trial["cameras"][0]["settings"]])
        self.assertNotIn("all", self.config.read_text())
        self.send(server, 200, "PUT", "api/v1/cameras/dock", body)
        self.assertIn("zones", self.config.read_text())
        self.assert_goes_on(server, "gate", gate)
        wait_for("frames of the changed camera", lambda: self.frames(server)["dock"] > 0)

    def check_remove(self, server):
        self.send(server, 200, "DELETE", "api/v1/cameras/yard")
        self.assertNotIn("yard", self.frames(server))
        self.assertNotIn("  yard:", self.config.read_text())
        self.assertEqual(server.get("api/v1/cameras/yard")[0], 404)

    def check_refusals(self, server):
        before = self.config.read_text()
        known = {"name": "gate", "url": "x.mp4"}
        self.assertIn("already", self.send(server, 409, "POST", "api/v1/cameras", known)["detail"])
        told = self.send(server, 400, "POST", "api/v1/cameras", {"name": "hall", "url": "x.mp4", "fsp": 3})
        self.assertIn("did you mean 'fps'?", told["detail"])
        told = self.send(server, 400, "PUT", "api/v1/cameras/gate", {"url": "x.mp4", "classes": ["persn"]})
        self.assertIn("person", told["detail"])
        self.send(server, 400, "POST", "api/v1/cameras", b"{")
        self.send(server, 404, "DELETE", "api/v1/cameras/hall")
        self.send(server, 412, "DELETE", "api/v1/cameras/gate", **{"If-Match": '"0123456789abcdef"'})
        self.assertEqual(server.send("PATCH", "api/v1/cameras/gate")[0], 405)
        self.assertEqual(server.send("DELETE", "api/v1/cameras/gate", headers={"Sec-Fetch-Site": "cross-site"})[0], 403)
        self.assertEqual(self.config.read_text(), before)


class FileTest(LiveCase):
    def test_the_file_is_followed(self):
        server = self.serve()
        before = self.frames(server)
        self.config.write_text(CONFIG.format(clip=self.clip) + f"  dock:\n    url: {self.clip}\n")
        wait_for("the new camera", lambda: self.frames(server).get("dock", 0) > 2)
        self.assert_goes_on(server, "gate", before["gate"])

        self.config.write_text(CONFIG.format(clip=self.clip).replace("fps: 5", "fsp: 5", 1))
        told = wait_for("the mistake to be told", lambda: server.json("health/ready")["status"] == "degraded" and
                        server.json("health/ready"))
        self.assertIn(f"{self.config}:6:5", told["reason"])
        self.assertIn("did you mean 'fps'?", told["reason"])
        self.assertEqual(set(self.frames(server)), {"gate", "yard", "dock"})
        self.assert_goes_on(server, "gate", before["gate"])
        self.assertIn('ocelli_config_changes_total{outcome="refused"} 1\n', server.get("metrics")[1])

        self.config.write_text(CONFIG.format(clip=self.clip))
        server.process.send_signal(signal.SIGHUP)
        wait_for("it to be well", lambda: server.json("health/ready")["status"] == "ready")
        self.assertEqual(set(self.frames(server)), {"gate", "yard"})
        self.assert_goes_on(server, "gate", before["gate"])
        history = self.folder / "site.yaml.history"
        self.assertEqual(stat.S_IMODE(history.stat().st_mode), 0o700)
        self.assertIn(CONFIG.format(clip=self.clip), [path.read_text() for path in history.iterdir()])
        self.assertEqual(server.end(signal.SIGTERM)[0], 0)

    def test_cameras_may_come_later(self):
        self.config.write_text("log: {level: info}\n")
        server = self.enterContext(OcelliServer(self.config, self.folder / "empty.log"))
        server.wait_until_ready()
        self.assertEqual(server.json("api/v1/cameras")["cameras"], [])
        stream = {"key": "sensor", "value": {"camera_id": "dock", "camera_url": str(self.clip), "change": "camera_add"}}
        self.send(server, 201, "POST", "api/v1/stream/add", stream)
        wait_for("frames", lambda: self.frames(server).get("dock", 0) > 2)
        self.send(server, 200, "POST", "api/v1/stream/remove", stream)
        self.assertEqual(self.frames(server), {})


class AccessTest(LiveCase):
    def test_tokens_open_what_their_role_may(self):
        tokens = self.folder / "tokens.json"
        server = self.serve()
        self.assertEqual(server.get("api/v1/cameras")[0], 200)  # on loopback, without tokens
        self.assertEqual(server.send("GET", "api/v1/cameras", headers={"Host": "evil.example"})[0], 403)
        viewer = self.token(tokens, "wall", "--role", "viewer")
        wait_for("the token to be needed", lambda: server.get("api/v1/cameras")[0] == 401)
        self.assertEqual(server.get("health/ready")[0], 200)
        self.assertEqual(server.get("metrics")[0], 401)
        self.assertEqual(self.ask(server, viewer, "GET", "metrics")[0], 200)
        self.assertEqual(self.ask(server, viewer, "DELETE", "api/v1/cameras/yard")[0], 403)
        admin = self.token(tokens, "me", "--role", "admin")
        wait_for("the second token", lambda: self.ask(server, admin, "GET", "api/v1/cameras")[0] == 200)
        self.assertEqual(self.ask(server, admin, "DELETE", "api/v1/cameras/yard")[0], 200)
        self.assertEqual(ocelli("tokens", "remove", "me", "--file", tokens).code, 0)
        wait_for("it to be forgotten", lambda: self.ask(server, admin, "GET", "api/v1/cameras")[0] == 401)
        self.assertEqual(self.ask(server, viewer, "GET", "api/v1/cameras")[0], 200)
        listed = ocelli("tokens", "list", "--file", tokens).out
        self.assertRegex(listed, r"(?m)^wall +viewer ")
        self.assertNotIn("me ", listed)
        self.assertNotIn(viewer, tokens.read_text() + (self.folder / "serve.log").read_text())

    def test_other_addresses_want_a_token_from_the_start(self):
        config = self.folder / "open.yaml"
        config.write_text("server: {bind: 0.0.0.0}\n" + CONFIG.format(clip=self.clip))
        server = self.enterContext(OcelliServer(config, self.folder / "open.log"))
        server.said = server.said.replace("0.0.0.0", "127.0.0.1")
        line = server.process.stdout.readline().decode()
        self.assertRegex(line, r"^token of the first administrator, shown this once: oc_\S{43}\n$")
        admin = line.split()[-1]
        self.assertEqual(server.get("api/v1/cameras")[0], 401)
        self.assertEqual(self.ask(server, admin, "GET", "api/v1/cameras")[0], 200)
        self.assert_refused(ocelli("tokens", "add", "admin", "--file", self.folder / "tokens.json"), 2, "already")

    def token(self, file, *arguments):
        done = ocelli("tokens", "add", "--file", file, *arguments)
        self.assertEqual(done.code, 0, done)
        return done.out.strip()

    @staticmethod
    def ask(server, token, *request):
        return server.send(*request, headers={"Authorization": f"Bearer {token}"})


if __name__ == "__main__":
    program.main()
