"""The Python contenders; each module imports only the libraries of its own."""
