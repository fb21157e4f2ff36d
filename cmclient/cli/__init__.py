"""The command: parses, calls the library, renders. The only place that prints or exits."""
