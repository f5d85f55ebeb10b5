#!/usr/bin/env python3
"""The command line itself: help, wrong use, completion, doctor, configuration files."""

import json
import shutil
import subprocess

import program
from program import ROOT, Case, ocelli

COMMANDS = ("analyze", "serve", "snapshot", "probe", "models", "config", "doctor", "eval", "events", "why", "tokens", "completion")
NESTED = (("models", "list"), ("models", "pull"), ("models", "verify"), ("models", "bench"),
          ("models", "quantize"), ("models", "tune"),
          ("config", "check"), ("config", "diff"), ("config", "schema"), ("config", "reference"), ("eval", "mot"), ("tokens", "add"), ("tokens", "list"), ("tokens", "remove"))


class HelpTest(Case):
    def test_help_names_every_command_and_exit_code(self):
        text = ocelli("--help")
        self.assertEqual(text.code, 0)
        for command in COMMANDS:
            self.assertRegex(text.out, rf"\n  {command} ")
        for code in ("0 done", "1 failed", "2 wrong", "3 input", "4 model", "5 results", "130 interrupted"):
            self.assertIn(code, text.out)

    def test_help_of_each_command_shows_an_example(self):
        for command in [(name,) for name in COMMANDS] + list(NESTED):
            with self.subTest(command=command):
                text = ocelli(*command, "--help")
                self.assertEqual((text.code, text.err), (0, ""))
                self.assertRegex(text.out, r"\n  (\w+ +)?(OCELLI_\S+ )?ocelli \w+")

    def test_version(self):
        self.assertRegex(ocelli("--version").out, r"\Aocelli \d+\.\d+\.\d+\n\Z")


class WrongUseTest(Case):
    def test_exit_code_2_and_one_line(self):
        some = self.folder / "some.mp4"
        some.write_text("never opened")
        for arguments in ([], ["analyze"], ["analyze", "--no-such-option"], ["no-such-command"], ["models"],
                          ["models", "pull"], ["config"], ["serve"], ["snapshot", some], ["completion", "tcsh"],
                          ["analyze", some, "--format", "xml"], ["analyze", some, "--fps", "0"],
                          ["analyze", some, "--score", "2"], ["analyze", some, "--threads", "0"],
                          ["analyze", some, "--from", "5", "--to", "3"], ["analyze", some, "--to", "soon"],
                          ["analyze", some, "-c", self.folder / "none.yaml"], ["analyze", some, "--camera", "gate"],
                          ["serve", "-c", self.folder / "none.yaml"], ["doctor", "now"]):
            with self.subTest(arguments=arguments):
                self.assert_refused(ocelli(*arguments), 2)

    def test_suggests_the_nearest_name(self):
        for arguments, meant in ((["analyse", "some.mp4"], "analyze"), (["models", "lst"], "list"),
                                 (["analyze", "some.mp4", "--anotate"], "--annotate")):
            with self.subTest(arguments=arguments):
                self.assert_refused(ocelli(*arguments), 2, f"did you mean '{meant}'?")


class CompletionTest(Case):
    def test_each_shell_reads_its_script(self):
        for shell, check in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])):
            with self.subTest(shell=shell):
                script = ocelli("completion", shell)
                self.assertEqual((script.code, script.err), (0, ""))
                for command in COMMANDS:
                    self.assertIn(command, script.out)
                if shutil.which(shell):
                    path = self.folder / shell
                    path.write_text(script.out)
                    subprocess.run([*check, path], check=True, timeout=20)


class DoctorTest(Case):
    def test_says_what_is_there(self):
        report = ocelli("doctor")
        self.assertEqual(report.code, 0, report)
        for word in ("processor", "pixel kernels", "decode H.264", "inference", "provider cuda", "model yolov8n"):
            self.assertIn(word, report.out)
        self.assertNotIn("BAD", report.out)

    def test_notices_damaged_weights(self):
        (self.folder / f"{sha256_of_card()}.onnx").write_text("damaged")
        report = ocelli("doctor", env={"OCELLI_MODEL_STORE": str(self.folder)})
        self.assertEqual(report.code, 1, report)
        self.assertRegex(report.out, r"BAD +model yolov8n .*damaged")

    def test_models_list_tells_what_is_absent(self):
        listed = ocelli("models", "list", env={"OCELLI_MODEL_STORE": str(self.folder)})
        self.assertEqual(listed.code, 0, listed)
        self.assertRegex(listed.out, r"yolov8n +(?!present)")


def sha256_of_card():
    text = (ROOT / "models/yolov8n.yaml").read_text()
    return text.split("\nonnx:")[1].split("sha256:")[1].split()[0]


class ConfigCommandTest(Case):
    SECRETS = {"GATE_USER": "u", "GATE_PASSWORD": "p"}

    def test_the_example_is_right(self):
        checked = ocelli("config", "check", ROOT / "ocelli.example.yaml", env=self.SECRETS)
        self.assertEqual((checked.code, checked.err), (0, ""), checked)
        self.assertIn("2 cameras, 1 zone, 1 line", checked.out)

    def test_names_a_secret_that_is_not_set(self):
        checked = ocelli("config", "check", ROOT / "ocelli.example.yaml")
        self.assertEqual(checked.code, 2)
        self.assertRegex(checked.out + checked.err, r"ocelli\.example\.yaml:\d+:\d+: .*GATE_USER is not set")

    def test_diff_tells_what_a_running_site_would_change(self):
        before, after = self.folder / "before.yaml", self.folder / "after.yaml"
        before.write_text("cameras: {gate: {url: a.mp4, fps: 5}, dock: {url: b.mp4}}\n")
        after.write_text("# others\ncameras: {gate: {url: a.mp4, fps: 10}, yard: {url: c.mp4}}\nserver: {port: 80}\n")
        told = ocelli("config", "diff", before, after)
        self.assertEqual((told.code, told.out.splitlines()),
                         (1, ["~ gate: fps 5 -> 10", "- dock", "+ yard", "! server.port 8080 -> 80 (at the next start)"]))
        self.assertEqual(ocelli("config", "diff", before, before)[:2], (0, ""))
        self.assertEqual(ocelli("config", "diff", before, self.folder / "none.yaml").code, 2)

    def test_the_schema_is_json_and_the_reference_names_every_key_of_it(self):
        schema = json.loads(ocelli("config", "schema").out)
        reference = ocelli("config", "reference").out
        for name in schema["properties"]:
            self.assertIn(name, reference)


if __name__ == "__main__":
    program.main()
