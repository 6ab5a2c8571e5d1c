"""Start a person's kernel within the limits that this system has: by systemd where there is one, else what a process can set.

Without systemd, Linux still refuses a kernel more private memory than its share (RLIMIT_DATA; the cell gets a MemoryError), and a kernel
computes on one thread at a lower priority than the hub; nothing then stops it from taking a whole core. macOS has no limit on memory that
a process can set. JupyterHub does not run on Windows.
"""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress

__all__ = ["command", "has_systemd", "limit", "main", "told"]

NICE = 5


def has_systemd(run: Callable[..., subprocess.CompletedProcess[bytes]] = subprocess.run) -> bool:
    """Whether systemd gives a process of ours a scope with limits."""
    try:
        tried = ["systemd-run", "--user", "--scope", "--quiet", "-p", "MemoryMax=1G", "-p", "CPUQuota=100%", "true"]
        return run(tried, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def command(arguments: list[str], limits: Mapping[str, str]) -> list[str]:
    """Return what is to run. limits: HUB_KERNEL_MB, HUB_KERNEL_CPUS and HUB_SYSTEMD, as in the environment."""
    kernel = [sys.executable, "-m", "ipykernel_launcher", *arguments]
    if limits.get("HUB_SYSTEMD") != "1":
        return kernel
    memory = f"MemoryMax={limits['HUB_KERNEL_MB']}M"
    return ["systemd-run", "--user", "--scope", "--quiet", "--collect", "-p", memory, "-p", "MemorySwapMax=0", "-p",
            f"CPUQuota={float(limits['HUB_KERNEL_CPUS']) * 100:.0f}%", *kernel]


def limit(megabytes: int) -> None:
    """Limit this process and what it starts."""
    with suppress(OSError):
        os.nice(NICE)
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 2**20, megabytes * 2**20))


def told(megabytes: int, cpus: float, systemd: bool) -> str:
    """Return, for whoever starts the hub, which limits hold."""
    if systemd:
        return f"Each kernel has {megabytes} MB and {cpus:g} CPU at most (systemd)."
    memory = f"Each kernel has {megabytes} MB at most" if sys.platform == "linux" else "This system limits no kernel's memory"
    return (f"{memory}. There is no systemd for users here, so no kernel is limited in CPU: each computes on one thread, at a lower "
            "priority than the hub.")


def main() -> None:
    """Become the kernel."""
    if os.environ.get("HUB_SYSTEMD") == "1":
        with suppress(OSError):
            os.nice(NICE)
    else:
        limit(int(os.environ["HUB_KERNEL_MB"]))
    run = command(sys.argv[1:], os.environ)
    os.execvp(run[0], run)


if __name__ == "__main__":
    main()
