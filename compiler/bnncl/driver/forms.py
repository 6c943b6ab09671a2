"""What a project can be besides C sources and its usual build files: the values of `--emit`."""

from __future__ import annotations

import re
import sys
from keyword import kwlist

from bnncl.diagnostics import Problem

FORMS = ("micropython",)

_MODULES = frozenset(
    re.findall(
        r"\w+",
        """array asyncio binascii bluetooth boot btree builtins cmath collections cryptolib deflate dht esp
        esp32 espnow ffi framebuf gc hashlib heapq io json lwip machine main marshal micropython mimxrt mip mp
        neopixel network ntptime onewire openamp os platform pyb random re requests rp2 samd select socket ssl
        stm struct sys termios thread tls uctypes vfs webrepl websocket zephyr zlib""",
    )
)
"""Modules of MicroPython and scripts that it runs by name; `mp` begins the names of its own C."""


def form_problems(name: str, emit: tuple[str, ...]) -> list[Problem]:
    """What is wrong with `--emit`: a form that is not known, or a name that the model cannot have in one."""
    found = [
        Problem("unknown-form", f"'{form}' is none of {', '.join(FORMS)}", "--emit")
        for form in emit
        if form not in FORMS
    ]
    if "micropython" in emit and (name in _MODULES or name in sys.stdlib_module_names or name in kwlist):
        message = f"'{name}' cannot name a module of MicroPython"
        why = "It is a word of Python, or Python or MicroPython has a module of that name."
        found.append(
            Problem("bad-module-name", message, "--name", why, "Give it another name: --name digits")
        )
    return found
