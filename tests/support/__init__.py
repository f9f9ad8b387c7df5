"""What tests need to meet real parts: their servers, their clients, their faults, and processes of our own."""
