#!/usr/bin/env python3
"""Sends `ocelli serve` what schemathesis makes of its OpenAPI document, right and wrong, for a while: it answers all of
it as the document says, never with 500, and does its work afterwards as before.

    fuzz_test.py --program OCELLI [--seconds N] [--seed N]

Exit code 77 (skipped) without the environment .deps/api (scripts/setup --tests) or without a model.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = 77
CHECKS = "status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"
ENDLESS = "/stream$|live.mjpeg$"


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def fuzz(server, folder, options):
    command = [ROOT / ".deps/api/bin/schemathesis", "run", server.said + "openapi.json", "--exclude-path-regex", ENDLESS,
               "--checks", CHECKS, "--continue-on-failure", "--no-color", "--max-examples", "20", "--request-timeout", "30",
               "--max-time", str(options.seconds), "--seed", str(options.seed), "--generation-database", "none"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                          timeout=options.seconds + 120)
    print("\n".join(done.stdout.splitlines()[-30:]))
    return done


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not (ROOT / ".deps/api/.requirements").exists():
        skip("the environment .deps/api is not there: scripts/setup --tests makes it")
    os.environ["OCELLI_BINARY"] = options.program
    sys.path.insert(0, str(ROOT / "tests/scenario"))
    import program  # noqa: E402  reads the variable
    if subprocess.run([options.program, "models", "verify", "yolov8n"], capture_output=True, check=False).returncode:
        skip("the model is not there: scripts/test brings it")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "site.yaml"
        config.write_text("# filled by the test\n")
        with program.OcelliServer(config, folder / "serve.log") as server:
            server.wait_until_ready()
            done = fuzz(server, folder, options)
            answers = dict(re.findall(r'ocelli_http_requests_total\{code="(\d+)"\} (\d+)', server.get("metrics")[1]))
            print("answers by status:", answers)
            assert done.returncode == 0, "the server does not do what its document says"
            assert "500" not in answers, server.log.read_text()[-5000:]
            assert int(answers["200"]) > 100 and int(answers["400"]) > 100, "hardly anything was tried"
            assert server.json("health/ready")["status"] == "ready"
            assert server.end()[0] == 0
    print("passed")


if __name__ == "__main__":
    main()
