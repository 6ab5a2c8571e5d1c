"""What a test's server and its kernels run first, as sitecustomize: they reach this machine only, and what they try beyond it is written down."""
import ipaddress
import os
import socket

LOG = os.environ["LESSONLIB_ASKED_OUTSIDE"]


def note(asked):
    """Write down what was wanted; returns what the caller is told."""
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(f"{asked}\n")
    return f"no network in this test: {asked}"


def is_address(host):
    """Whether the text is an address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def connects_here(true):
    """A socket's connect or connect_ex that refuses other machines."""
    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            if not (host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)):
                raise OSError(note(f"{host}:{address[1]}"))
        return true(self, address)
    return connect


def looks_up_here(true):
    """A getaddrinfo that knows this machine only."""
    def getaddrinfo(host, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        if name and name not in ("localhost", socket.gethostname()) and not is_address(name):
            raise socket.gaierror(note(name))
        return true(host, *args, **kwargs)
    return getaddrinfo


socket.getaddrinfo = looks_up_here(socket.getaddrinfo)
socket.socket.connect, socket.socket.connect_ex = connects_here(socket.socket.connect), connects_here(socket.socket.connect_ex)
