"""The tests of linkhub; they mirror the source tree."""
