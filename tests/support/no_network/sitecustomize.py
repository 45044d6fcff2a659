"""Put this folder on PYTHONPATH: every attempt of that process to reach the network fails and is written down."""

import os
import socket
import sys
import traceback


def _refused(name):
    def refuse(*arguments, **_named):
        record = os.environ.get("SOS_STUDIO_NETWORK_RECORD")
        if record:
            with open(record, "a", encoding="utf-8") as stream:
                stream.write(f"{name}{arguments!r} in {sys.argv}\n{''.join(traceback.format_stack(limit=12))}\n")
        raise OSError(f"the network is out of bounds ({name})")

    return refuse


for _name in ("connect", "connect_ex", "sendto", "bind"):
    setattr(socket.socket, _name, _refused(f"socket.{_name}"))
for _name in ("create_connection", "getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
    setattr(socket, _name, _refused(_name))
if os.environ.get("SOS_STUDIO_NETWORK_RECORD"):
    with open(os.environ["SOS_STUDIO_NETWORK_RECORD"], "a", encoding="utf-8") as _stream:
        _stream.write("watching\n")
