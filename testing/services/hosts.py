"""Several hosts on one machine: network namespaces on a bridge, each with its own address and host name.

They share files and cores with this machine, but cannot reach its loopback interface. `cut` unplugs a host. Needs
root and `ip` (Debian: iproute2). A killed run leaves namespaces and a bridge behind, named after its pid.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from testing.services import ServiceMissing

#: Private (RFC 1918), and rarely used.
NETWORK = "10.203"
#: The kernel's limit for the name of a network device.
MOST_CHARACTERS = 15


class Hosts:
    """Hosts with these names. `address`: this machine's address for them. Entering raises ServiceMissing."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self._tag = f"lk{os.getpid()}"
        self._network = f"{NETWORK}.{os.getpid() % 254 + 1}"
        self.address = f"{self._network}.1"

    def address_of(self, name: str) -> str:
        return f"{self._network}.{10 + self.names.index(name)}"

    def command(self, name: str, command: Sequence[str]) -> list[str]:
        """The command line that runs `command` on that host, under its host name."""
        renamed = ["unshare", "--uts", "sh", "-c", f'hostname {name} && exec "$@"', "sh", *command]
        return [_program(), "netns", "exec", self._space(name), *renamed]

    def cut(self, name: str) -> None:
        """Unplug the host: packets in either direction are lost, and no connection is reset."""
        _ip("link", "set", self._cable(name), "nomaster")

    def mend(self, name: str) -> None:
        _ip("link", "set", self._cable(name), "master", self._tag)

    def __enter__(self) -> Self:
        _program()
        with ExitStack() as stack:
            _ip("link", "add", self._tag, "type", "bridge")
            stack.callback(_ip, "link", "delete", self._tag)
            _ip("address", "add", f"{self.address}/24", "dev", self._tag)
            _ip("link", "set", self._tag, "up")
            for name in self.names:
                self._add(name, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _add(self, name: str, stack: ExitStack) -> None:
        space, cable = self._space(name), self._cable(name)
        _ip("netns", "add", space)
        stack.callback(_ip, "netns", "delete", space)
        _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
        # Deletes both ends. Deleting the namespace would too, but only after its last connection has ended.
        stack.callback(_ip, "link", "delete", cable)
        _ip("link", "set", cable, "master", self._tag, "up")
        _ip("-n", space, "address", "add", f"{self.address_of(name)}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", space, "link", "set", device, "up")

    def _space(self, name: str) -> str:
        return f"{self._tag}-{name}"

    def _cable(self, name: str) -> str:
        cable = f"{self._tag}-{self.names.index(name)}"
        assert len(cable) <= MOST_CHARACTERS, cable
        return cable


def _program() -> str:
    """The path of `ip`; PATH may lack the folders of system programs."""
    found = shutil.which("ip", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]))
    if found is None or os.getuid() != 0:
        raise ServiceMissing("network namespaces need root and the program `ip` (Debian: iproute2)")
    return found


def _ip(*arguments: str) -> None:
    ran = subprocess.run([_program(), *arguments], capture_output=True, text=True)
    if ran.returncode != 0:
        raise ServiceMissing(f"`ip {' '.join(arguments)}` failed: {ran.stderr.strip()}")
