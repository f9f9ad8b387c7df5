"""What each port promises, as suites that every adapter passes: subclass one, and give it the fixture it asks for."""
