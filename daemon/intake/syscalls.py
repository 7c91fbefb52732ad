"""Which system calls a worker keeps, as a seccomp-BPF program; pure, and applied by `daemon.intake.sandbox`.

It names what is refused rather than what is allowed: the libraries that decode and score may use other calls on the
next processor or C library, and a film that fails for it would be lost to its reader. What came to Linux after this
list was made is answered as an older kernel answers it. A refused call gets EPERM, so a decoder that tries it fails
with one film and takes no worker with it.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator, Sequence
from typing import Final

# The name, its number on x86_64 and on aarch64 ("-": it has none), from Linux' own headers, by what it would give away.
_REFUSED: Final = {
    # sockets of every family; the way out for a film, or for whatever a decoder was made to do
    "network": """
    socket 41 198; socketpair 53 199; connect 42 203; bind 49 200; listen 50 201; accept 43 202; accept4 288 242;
    sendto 44 206; sendmsg 46 211; sendmmsg 307 269; recvfrom 45 207; recvmsg 47 212; recvmmsg 299 243;
    setsockopt 54 208
    """,
    # other programs, and other processes: their memory, their signals, their priority
    "processes": """
    fork 57 -; vfork 58 -; execve 59 221; execveat 322 281; ptrace 101 117; process_vm_readv 310 270;
    process_vm_writev 311 271; process_madvise 440 440; process_mrelease 448 448; pidfd_open 434 434;
    pidfd_getfd 438 438; pidfd_send_signal 424 424; rt_sigqueueinfo 129 138; rt_tgsigqueueinfo 297 240;
    kcmp 312 272; setpriority 141 140; ioprio_set 251 30; sched_setaffinity 203 122; sched_setattr 314 274;
    sched_setparam 142 118; sched_setscheduler 144 119; migrate_pages 256 238; move_pages 279 239; mbind 237 235;
    set_mempolicy 238 237
    """,
    # everything that changes a name, an attribute or a lock; opening for writing is looked at below
    "files": """
    creat 85 -; truncate 76 45; unlink 87 -; unlinkat 263 35; rename 82 -; renameat 264 38; renameat2 316 276;
    mkdir 83 -; mkdirat 258 34; rmdir 84 -; link 86 -; linkat 265 37; symlink 88 -; symlinkat 266 36; mknod 133 -;
    mknodat 259 33; chmod 90 -; fchmod 91 52; fchmodat 268 53; chown 92 -; fchown 93 55; lchown 94 -;
    fchownat 260 54; utime 132 -; utimes 235 -; utimensat 280 88; futimesat 261 -; setxattr 188 5; lsetxattr 189 6;
    fsetxattr 190 7; removexattr 197 14; lremovexattr 198 15; fremovexattr 199 16; flock 73 32; inotify_init 253 -;
    inotify_init1 294 26; inotify_add_watch 254 27; fanotify_init 300 262; fanotify_mark 301 263;
    name_to_handle_at 303 264; open_by_handle_at 304 265; splice 275 76; tee 276 77; vmsplice 278 75;
    sendfile 40 71; copy_file_range 326 285; fallocate 285 47
    """,
    # queues and memory that other processes of this user share
    "ipc": """
    mq_open 240 180; mq_unlink 241 181; msgget 68 186; msgctl 71 187; msgrcv 70 188; msgsnd 69 189; semget 64 190;
    semctl 66 191; semop 65 193; semtimedop 220 192; shmget 29 194; shmctl 31 195; shmat 30 196
    """,
    # what nothing that decodes has ever a reason to ask of the kernel; much of it has had holes
    "system": """
    mount 165 40; umount2 166 39; pivot_root 155 41; chroot 161 51; unshare 272 97; setns 308 268;
    mount_setattr 442 442; move_mount 429 429; open_tree 428 428; fsopen 430 430; fsconfig 431 431;
    fsmount 432 432; fspick 433 433; swapon 167 224; swapoff 168 225; reboot 169 142; sethostname 170 161;
    setdomainname 171 162; settimeofday 164 170; clock_settime 227 112; clock_adjtime 305 266; adjtimex 159 171;
    kexec_load 246 104; kexec_file_load 320 294; init_module 175 105; finit_module 313 273; delete_module 176 106;
    iopl 172 -; ioperm 173 -; acct 163 89; quotactl 179 60; quotactl_fd 443 443; syslog 103 116; vhangup 153 58;
    personality 135 92; bpf 321 280; perf_event_open 298 241; userfaultfd 323 282; io_uring_setup 425 425;
    io_uring_enter 426 426; io_uring_register 427 427; keyctl 250 219; add_key 248 217; request_key 249 218;
    lookup_dcookie 212 18; nfsservctl 180 42; setuid 105 146; setgid 106 144; setreuid 113 145; setregid 114 143;
    setresuid 117 147; setresgid 119 149; setfsuid 122 151; setfsgid 123 152; setgroups 116 159; capset 126 91;
    landlock_create_ruleset 444 444; modify_ldt 154 -
    """,
}
_LAST: Final = (
    449  # futex_waitv, Linux 5.16; what has a higher number is not there (on x86_64 this covers x32's as well)
)
MACHINES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*: how the kernel names what calls it
_WRITING: Final = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC; O_TMPFILE wants one of the first two
_CLONE_THREAD: Final = 0x10000
_PDEATHSIG: Final = 1  # prctl: the worker shall not outlive the daemon, whatever it becomes
# fcntl: locks, leases and notices on what it can read; F_SETOWN and F_SETSIG, by which a pipe kills another process.
_FCNTL: Final = (6, 7, 8, 10, 15, 37, 38, 1024, 1026)
# ioctl: what Python asks of a file that it opens (TCGETS, FIOCLEX, FIONCLEX, FIONREAD); devices are asked nothing.
_IOCTL: Final = (0x5401, 0x5451, 0x5450, 0x541B)

_LOAD, _EQUALS, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06  # BPF_LD|W|ABS, BPF_JMP|..., BPF_RET
_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_ERROR: Final = 0x00050000
Instruction = tuple[int, int, int, int]
"""Code, jump where true, jump where false, operand."""


def numbers(machine: str) -> dict[str, int]:
    """The refused calls that a machine has, and their numbers there."""
    column = list(MACHINES).index(machine)
    entries = (entry.split() for text in _REFUSED.values() for entry in text.split(";"))
    return {name: int(pair[column]) for name, *pair in entries if pair[column] != "-"}


def program(machine: str, pid: int) -> list[Instruction]:
    """The filter for one process.

    Args:
        machine: a key of `MACHINES`.
        pid: of the process: signals and limits reach nobody else.
    """
    return list(_program(machine, pid))


def packed(instructions: Sequence[Instruction]) -> bytes:
    """As an array of struct sock_filter."""
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in instructions)


def _program(machine: str, pid: int) -> Iterator[Instruction]:
    arm = machine == "aarch64"
    yield _LOAD, 0, 0, 4  # the field `arch` of struct seccomp_data
    yield _EQUALS, 1, 0, MACHINES[machine]
    yield _RETURN, 0, 0, _KILL  # 32-bit calls have other numbers; nothing here makes any
    yield _LOAD, 0, 0, 0  # `nr`
    yield _ABOVE, 0, 1, _LAST
    yield _RETURN, 0, 0, _ERROR | errno.ENOSYS
    for number in numbers(machine).values():
        yield from _where(number, [(_RETURN, 0, 0, _ERROR | errno.EPERM)])
    for number in (
        435,
        437,
    ):  # clone3, openat2: their arguments lie in memory; the C library falls back to the older ones
        yield from _where(number, [(_RETURN, 0, 0, _ERROR | errno.ENOSYS)])
    if not arm:
        yield from _where(2, _refuse_bits(1, _WRITING))  # open
    yield from _where(56 if arm else 257, _refuse_bits(2, _WRITING))  # openat
    yield from _where(220 if arm else 56, _allow_bits(0, _CLONE_THREAD))  # clone: a thread, but no process
    for number in (129, 130, 131) if arm else (62, 200, 234):  # kill, tkill, tgkill: abort() reaches itself
        yield from _where(number, _allow_values(0, (pid,)))
    yield from _where(261 if arm else 302, _allow_values(0, (0, pid)))  # prlimit64
    yield from _where(25 if arm else 72, _refuse_values(1, _FCNTL))  # fcntl
    yield from _where(29 if arm else 16, _allow_values(1, _IOCTL, errno.ENOTTY))  # ioctl
    yield from _where(167 if arm else 157, _refuse_values(0, (_PDEATHSIG,)))  # prctl
    yield _RETURN, 0, 0, _ALLOW


def _where(number: int, block: Sequence[Instruction]) -> Iterator[Instruction]:
    """A block, which ends in a return, for one call only."""
    yield _EQUALS, 0, len(block), number
    yield from block


def _argument(index: int) -> Instruction:
    """Load the low half of an argument: all of these are 32-bit numbers, and both machines are little-endian."""
    return _LOAD, 0, 0, 16 + 8 * index


def _refuse_bits(index: int, mask: int) -> list[Instruction]:
    return [
        _argument(index),
        (_ANY_BIT, 0, 1, mask),
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _allow_bits(index: int, mask: int) -> list[Instruction]:
    return [
        _argument(index),
        (_ANY_BIT, 1, 0, mask),
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _refuse_values(index: int, values: Sequence[int]) -> list[Instruction]:
    hits = [(_EQUALS, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [_argument(index), *hits, (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERROR | errno.EPERM)]


def _allow_values(index: int, values: Sequence[int], error: int = errno.EPERM) -> list[Instruction]:
    hits = [(_EQUALS, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [_argument(index), *hits, (_RETURN, 0, 0, _ERROR | error), (_RETURN, 0, 0, _ALLOW)]
