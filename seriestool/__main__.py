# SPDX-License-Identifier: GPL-2.0-or-later
"""The program: ``seriestool``, and ``python -m seriestool``."""

import signal


def main() -> None:
    """Run the program and exit."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # nobody is there yet who could explain Ctrl-C
    from seriestool.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
