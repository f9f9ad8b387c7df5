"""The commands, one a file; each module holds its command under the module's own name."""
