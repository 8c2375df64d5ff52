"""Runs a command on many hosts with parallel-ssh and prints what each printed.

Usage: with_parallel_ssh.py HOSTS PORT JOBS IDENTITY KNOWN_HOSTS COMMAND
HOSTS is a file with an address on each line. parallel-ssh can't verify host keys: KNOWN_HOSTS is not read.
"""

import resource
import sys
from pathlib import Path

from pssh.clients import ParallelSSHClient

hosts, port, jobs, identity, _known_hosts, command = sys.argv[1:]
# It keeps the connections of all hosts to its end.
_, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))
client = ParallelSSHClient(
    Path(hosts).read_text().split(),
    user="monitor",
    port=int(port),
    pkey=identity,
    pool_size=int(jobs),
    allow_agent=False,
    identity_auth=False,
)
for output in client.run_command(command, stop_on_errors=False):
    if output.exception is not None:
        print(f"{output.host}: {output.exception!r}", file=sys.stderr)
        continue
    printed = "\n".join(output.stdout)
    # The exit status has come when the output has ended.
    print(f"{output.host} | rc={output.exit_code} >>\n{printed}")
