"""What a process that reads a hostile file may touch, held by the Linux kernel and not to be undone.

Files by Landlock: the libraries of this installation and what is named may be read, what is named may be written, and
nothing else; other processes (their memory, environment and signals) and abstract sockets are out of reach. System
calls by seccomp: no socket, no other program or process, no change of owner, mode or mount. Capabilities are dropped
but those that pass by file modes, for which Landlock stands. Where the kernel has not both (`held_by` says so; Linux
5.13 has them, macOS not), an audit hook of Python refuses the same, which holds for Python code only.
"""

from __future__ import annotations

import ctypes
import os
import site
import struct
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

_ROOT = Path(__file__).resolve().parent.parent
_ROOMS = ("knowledge", "tools", "prompts", "tests")
# What libraries read when they are loaded or asked for the zone of time, fonts or processors.
_SYSTEM = (
    "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/dev/null", "/dev/urandom",
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu",
)  # fmt: skip

# linux/landlock.h; rights on files by the ABI that brought them.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF, _PATH_BENEATH = 444, 445, 446, 1
_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE = 2, 4, 8, 16, 32, 128, 256
_TRUNCATE = 1 << 14
_RIGHTS_OF_ABI = ((1, (1 << 13) - 1), (2, 1 << 13), (3, _TRUNCATE), (5, 1 << 15))
_TCP, _SCOPES = 3, 3
_READS = _READ_FILE | _READ_DIR
_WRITES = _READS | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _TRUNCATE
_OF_A_FILE = 1 | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15

# Calls that are refused: (x86_64, aarch64), after the kernel's unistd.h; None where an architecture has none.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "accept4": (288, 242), "bind": (49, 200),
    "listen": (50, 201), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "tkill": (200, 130),
    "process_madvise": (440, 440), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "setsid": (112, 157), "setpgid": (109, 154), "unshare": (272, 97), "setns": (308, 268), "personality": (135, 92),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "quotactl": (179, 60), "swapon": (167, 224),
    "swapoff": (168, 225), "reboot": (169, 142), "acct": (163, 89), "syslog": (103, 116),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "fanotify_init": (300, 262),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "iopl": (172, None), "ioperm": (173, None),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "sethostname": (170, 161), "setdomainname": (171, 162),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "mknod": (133, None), "mknodat": (259, 33), "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195),
    "semget": (64, 190), "semctl": (66, 191), "semop": (65, 193), "semtimedop": (220, 192), "msgget": (68, 186),
    "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180), "mq_unlink": (241, 181),
}  # fmt: skip
# Calls that are allowed by their first argument: threads, and signals and limits of this very process.
_CLONE, _CLONE3, _KILL, _TGKILL, _PRLIMIT = (56, 220), (435, 435), (62, 129), (234, 131), (302, 261)
_CLONE_THREAD = 0x10000
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x50001, 0x50026
_LOAD, _JUMP_EQUAL, _JUMP_FROM, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_PR_NO_NEW_PRIVS, _PR_SECCOMP, _MODE_FILTER, _CAPABILITIES_3 = 38, 22, 2, 0x20080522
_PASS_BY_FILE_MODES = 0b110

Holder = Literal["kernel", "python"]


def confine(reads: Iterable[str | Path] = (), writes: Iterable[str | Path] = ()) -> Holder:
    """Confine this process for good; call it before it has a second thread.

    Args:
        reads: files and folders that may be read, besides the libraries of this installation.
        writes: folders in which files may be made, read, written and removed; or existing files.

    Returns:
        Who holds it: the kernel, or only Python.
    """
    readable = [Path(place) for place in (*_installation(), *map(str, reads))]
    writable = [Path(place) for place in map(str, writes)]
    if held_by() == "python":
        _watch([place.resolve() for place in (*readable, *writable)], [place.resolve() for place in writable])
        return "python"
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.prctl(_PR_NO_NEW_PRIVS, 1, 0, 0, 0))
    _hold_files(libc, readable, writable)
    _drop_capabilities(libc)
    _hold_calls(libc)
    return "kernel"


@cache
def held_by() -> Holder:
    """Who holds it on this machine: the kernel where it has Landlock and seccomp, else only Python."""
    if sys.platform != "linux" or os.uname().machine not in _MACHINES:
        return "python"
    libc = ctypes.CDLL(None, use_errno=True)
    has_seccomp = libc.prctl(21, 0, 0, 0, 0) >= 0
    return "kernel" if _landlock_abi(libc) >= 1 and has_seccomp else "python"


def _landlock_abi(libc: Any) -> int:
    return int(libc.syscall(_CREATE_RULESET, None, 0, 1))


def _installation() -> list[str]:
    """The interpreter, its libraries and our own rooms, but nothing that a user keeps beside them."""
    own = [str(_ROOT / room) for room in _ROOMS]
    packages = [*site.getsitepackages(), *(place for place in sys.path if "site-packages" in place)]
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix} - {"/"}
    libraries = [part for part in os.environ.get("LD_LIBRARY_PATH", "").split(":") if part.startswith("/")]
    return [*_SYSTEM, *own, *packages, *prefixes, *libraries]


def _checked(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), "this process could not be confined")
    return answer


def _hold_files(libc: Any, readable: Sequence[Path], writable: Sequence[Path]) -> None:
    abi = _landlock_abi(libc)
    handled = sum(rights for since, rights in _RIGHTS_OF_ABI if abi >= since)
    wanted = [handled] + [_TCP] * (abi >= 4) + [_SCOPES] * (abi >= 6)
    rules = struct.pack(f"={len(wanted)}Q", *wanted)
    ruleset = _checked(libc.syscall(_CREATE_RULESET, rules, len(rules), 0))
    granted = ((_READS, readable), (_WRITES, writable), (_READ_DIR, [_ROOT]), (_WRITE_FILE, [Path(os.devnull)]))
    for rights, places in granted:
        for place in places:
            _allow(libc, ruleset, place, rights & handled)
    _checked(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _allow(libc: Any, ruleset: int, place: Path, rights: int) -> None:
    try:
        at = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no right
    try:
        allowed = rights if place.is_dir() else rights & _OF_A_FILE
        _checked(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", allowed, at), 0))
    finally:
        os.close(at)


def _drop_capabilities(libc: Any) -> None:
    header, held = struct.pack("=Ii", _CAPABILITIES_3, 0), ctypes.create_string_buffer(24)
    _checked(libc.capget(header, held))
    kept = [bits & _PASS_BY_FILE_MODES if number < 2 else 0 for number, bits in enumerate(struct.unpack("=6I", held))]
    _checked(libc.capset(header, struct.pack("=6I", *kept)))


def _hold_calls(libc: Any) -> None:
    code = b"".join(_program(os.getpid()))
    body = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(body))
    _checked(libc.prctl(_PR_SECCOMP, _MODE_FILTER, program, 0, 0))


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _program(own: int) -> list[bytes]:
    """The filter, in the instructions of classic BPF (linux/filter.h, linux/seccomp.h)."""
    which, architecture = _MACHINES[os.uname().machine]
    made = [_step(_LOAD, _ARCHITECTURE_AT), _step(_JUMP_EQUAL, architecture, 1), _step(_RETURN, _EPERM)]
    made += [_step(_LOAD, _NUMBER_AT), _step(_JUMP_FROM, 0x40000000, 0, 1), _step(_RETURN, _EPERM)]
    for numbers in _REFUSED.values():
        number = numbers[which]
        if number is not None:
            made += [_step(_JUMP_EQUAL, number, 0, 1), _step(_RETURN, _EPERM)]
    made += [_step(_JUMP_EQUAL, _CLONE3[which], 0, 1), _step(_RETURN, _ENOSYS)]
    for numbers, test, values in (
        (_CLONE, _JUMP_ANY_BIT, (_CLONE_THREAD,)),
        (_KILL, _JUMP_EQUAL, (own,)),
        (_TGKILL, _JUMP_EQUAL, (own,)),
        (_PRLIMIT, _JUMP_EQUAL, (own, 0)),
    ):
        checks = [_step(_LOAD, _FIRST_ARGUMENT_AT)]
        for value in values:
            checks += [_step(test, value, 0, 1), _step(_RETURN, _ALLOW)]
        checks.append(_step(_RETURN, _EPERM))
        made += [_step(_JUMP_EQUAL, numbers[which], 0, len(checks)), *checks]
    return [*made, _step(_RETURN, _ALLOW)]


_REFUSED_EVENTS = (
    "socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.kill", "os.chmod", "os.chown",
    "os.setxattr", "os.removexattr", "os.utime", "os.link", "os.symlink", "pty.",
)  # fmt: skip
_CHANGING_EVENTS = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate")


def _watch(readable: Sequence[Path], writable: Sequence[Path]) -> None:
    """The same rules, for Python code only."""

    def inside(path: object, places: Sequence[Path]) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return True  # an open descriptor
        real = Path(os.path.realpath(os.fsdecode(path)))
        return any(real.is_relative_to(place) for place in places)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            changes = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
            if not inside(arguments[0], writable if changes else readable) and arguments[0] != os.devnull:
                raise PermissionError("a file that this process may not touch")
        elif event.startswith(_REFUSED_EVENTS):
            raise PermissionError("a call that this process may not make")
        elif event.startswith(_CHANGING_EVENTS) and not all(inside(one, writable) for one in arguments[:2]):
            raise PermissionError("a file that this process may not touch")

    sys.addaudithook(hook)
