"""Where choices are made: settings (the only reader of the environment), the container, and one file a command."""
