"""The files of ``deploy/``: each is run as far as this machine can; ``make check`` lints all of them."""
