"""Runs a command on many hosts with Fabric and prints what each printed.

Usage: with_fabric.py HOSTS PORT JOBS IDENTITY KNOWN_HOSTS COMMAND
HOSTS is a file with an address on each line. A host whose key is not in KNOWN_HOSTS is refused.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fabric import Config, Connection
from paramiko import HostKeys, RejectPolicy

hosts, port, jobs, identity, known_hosts, command = sys.argv[1:]
addresses = Path(hosts).read_text().split()
config = Config(overrides={"load_ssh_configs": False})
# Read once, and each connection is given its own host's key: reading the file a thousand times would be unfair.
known = {name: keys for name, keys in HostKeys(known_hosts).items()}


def visit(address):
    login = {"key_filename": identity, "allow_agent": False, "look_for_keys": False}
    with Connection(address, user="monitor", port=int(port), config=config, connect_kwargs=login) as connection:
        connection.client.set_missing_host_key_policy(RejectPolicy())
        name = f"[{address}]:{port}"
        for kind, key in known.get(name, {}).items():
            connection.client.get_host_keys().add(name, kind, key)
        result = connection.run(command, hide=True, warn=True, in_stream=False)
        return f"{address} | rc={result.exited} >>\n{result.stdout}"


def try_visit(address):
    try:
        return visit(address)
    except Exception as error:  # One bad host must not end the others.
        print(f"{address}: {error!r}", file=sys.stderr)
        return None


# Fabric's own ThreadingGroup starts a thread for every host at once; a pool holds it to as many as the others have.
with ThreadPoolExecutor(int(jobs)) as pool:
    for printed in pool.map(try_visit, addresses):
        if printed is not None:
            print(printed)
