"""Becomes another program that dies with its parent.

Run as a script: `leash.py PARENT_PID DEATH_SIGNAL USER PROGRAM [ARGUMENT...]`, USER `-` for "as we are". The kernel
sends DEATH_SIGNAL when the parent is gone, so that not even `kill -9` of the parent leaves an orphan. Linux only;
elsewhere the program just runs. It stands on its own, because the target user may be unable to read our packages.
"""

import ctypes
import os
import pwd
import sys

_PR_SET_PDEATHSIG = 1


def _become_user(name: str) -> None:
    entry = pwd.getpwnam(name)
    os.initgroups(name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def _run(parent_pid: int, death_signal: int, user: str, command: list[str]) -> None:
    if user != "-":
        _become_user(user)
    # After the change of user, which clears it.
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent_pid:
            sys.exit("the parent is gone already")
    os.execv(command[0], command)


if __name__ == "__main__":
    _run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
