"""``python -m linkhub_cli``: the command ``linkhub``, where its script is not on the path."""

from linkhub_cli.main import main

if __name__ == "__main__":
    main()
