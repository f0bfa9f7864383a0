#!/usr/bin/env python3
"""Runs the shell commands of README.md against the real binary, as a newcomer would: usage readme_test.py PURSER README"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# What must be true once all of them ran.
JUDGEMENT = """
test "$(jq -r '.intents[0].state' turn.json)" = awaiting_payment
test "$(jq -r '.reply.cards[0].confirmation.type' turn.json)" = qr
test "$(jq -r .trade_state paid.json)" = SUCCESS
grep -q '^event: intent.succeeded' events.txt
test "$(jq -r '.refunds[0].amount.value' refund.json)" = 8800
"""


def main(purser, readme):
    blocks = re.findall(r"^```sh\n(.*?)^```", pathlib.Path(readme).read_text(), re.S | re.M)
    if not blocks:
        sys.exit("the README holds no ```sh block")
    with tempfile.TemporaryDirectory() as home:
        listen = ["--set", "server.listen=127.0.0.1:0", "--set", "server.admin_listen=127.0.0.1:0"]
        daemon = subprocess.Popen([purser, "serve", *listen], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env={"HOME": home})
        try:
            ready = daemon.stdout.readline().split()
            if not ready or ready[0] != "ready":
                sys.exit("the daemon did not come up: " + daemon.stderr.read())
            os.symlink(os.path.abspath(purser), os.path.join(home, "purser"))
            environment = {"PATH": home + ":" + os.environ["PATH"], "URL": ready[1], "ADMIN": ready[3], "KEY": ready[5]}
            script = "".join(blocks) + JUDGEMENT
            ran = subprocess.run(["bash", "-euxo", "pipefail", "-c", script], cwd=home, env=environment, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
            print(ran.stdout)
            return ran.returncode
        finally:
            daemon.terminate()
            daemon.communicate()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
