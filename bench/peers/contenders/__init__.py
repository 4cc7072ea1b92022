"""The Python contestants; each module imports only the libraries of its own."""
